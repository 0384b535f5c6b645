// A PushStore that takes its time to commit, as one with a disk does; in front of another.
//
// What is put reaches the store behind, and its PutHandler, only after a delay drawn anew for each
// put; the puts of one connection keep their order, and its end takes effect after them, as
// push_store.h demands. What has not been committed when this is destroyed was never stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string_view>

#include "push/push_store.h"
#include "runtime/runtime.h"
#include "sim/draw.h"

namespace prometheus_rsocket::sim::actor {

class DelayingPushStore final : public push::PushStore {
 public:
  // Told the text at the moment of each successful commit, before the PutHandler is called.
  using Committed = std::function<void(std::string_view text)>;

  // Delays are in [0, delay_max]; 0 commits before put() returns. `shard` outlives the store.
  DelayingPushStore(runtime::Shard& shard, std::unique_ptr<push::PushStore> store,
                    base::Duration delay_max, Draws draws, Committed committed);
  ~DelayingPushStore() override;

  void put(push::ClientId client, std::shared_ptr<const exposition::Exposition> exposition,
           PutHandler done) override;
  void connection_ended(const push::ClientId& client) override;
  [[nodiscard]] push::Offer offer(const push::ScraperId& scraper, push::View view,
                                  base::Instant now) override {
    return store_->offer(scraper, view, now);
  }
  void complete(push::Receipt receipt, base::Instant now) override {
    store_->complete(receipt, now);
  }
  void abandon(push::Receipt receipt) override { store_->abandon(receipt); }
  [[nodiscard]] std::optional<base::Instant> next_timeout() const override {
    return store_->next_timeout();
  }
  void handle_timeout(base::Instant now) override { store_->handle_timeout(now); }
  [[nodiscard]] push::Counters counters() const override { return store_->counters(); }

 private:
  struct Client {  // with a commit under way
    std::size_t puts = 0;
    base::Instant last_commit;
    bool ended = false;
  };

  void commit(const push::ClientId& client,
              std::shared_ptr<const exposition::Exposition> exposition, const PutHandler& done);

  runtime::Shard& shard_;
  std::unique_ptr<push::PushStore> store_;
  const base::Duration delay_max_;
  Draws draws_;
  Committed committed_;
  std::map<push::ClientId, Client> clients_;
  std::uint64_t puts_ = 0;
  std::map<std::uint64_t, std::unique_ptr<runtime::Timer>> under_way_;
};

}  // namespace prometheus_rsocket::sim::actor
