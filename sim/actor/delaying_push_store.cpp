#include "sim/actor/delaying_push_store.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <utility>

namespace prometheus_rsocket::sim::actor {

DelayingPushStore::DelayingPushStore(runtime::Shard& shard, std::unique_ptr<push::PushStore> store,
                                     base::Duration delay_max, Draws draws, Committed committed)
    : shard_(shard),
      store_(std::move(store)),
      delay_max_(delay_max),
      draws_(draws),
      committed_(std::move(committed)) {}

DelayingPushStore::~DelayingPushStore() = default;

void DelayingPushStore::put(push::ClientId client,
                            std::shared_ptr<const exposition::Exposition> exposition,
                            PutHandler done) {
  if (delay_max_ == base::Duration::zero()) return commit(client, std::move(exposition), done);
  const base::Instant now = shard_.clock.now();
  Client& pending = clients_[client];
  ++pending.puts;
  pending.last_commit =
      std::max(pending.last_commit + base::Duration(1), now + draws_.up_to(delay_max_));
  const std::uint64_t number = ++puts_;
  auto timer = shard_.timers.make_timer();
  timer->async_wait_until(
      pending.last_commit,
      boost::asio::bind_executor(
          shard_.executor,
          [this, number, client = std::move(client), exposition = std::move(exposition),
           done = std::move(done)](runtime::error_code) mutable {
            const auto finished = under_way_.extract(number);
            commit(client, std::move(exposition), done);
            const auto found = clients_.find(client);
            if (--found->second.puts > 0) return;
            const bool ended = found->second.ended;
            clients_.erase(found);
            if (ended) store_->connection_ended(client);
          }));
  under_way_.emplace(number, std::move(timer));
}

void DelayingPushStore::connection_ended(const push::ClientId& client) {
  const auto found = clients_.find(client);
  if (found == clients_.end()) {
    store_->connection_ended(client);
  } else {
    found->second.ended = true;
  }
}

void DelayingPushStore::commit(const push::ClientId& client,
                               std::shared_ptr<const exposition::Exposition> exposition,
                               const PutHandler& done) {
  store_->put(client, exposition, [this, exposition, done](boost::system::error_code error) {
    if (!error) committed_(exposition->text);
    done(error);
  });
}

}  // namespace prometheus_rsocket::sim::actor
