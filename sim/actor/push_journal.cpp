#include "sim/actor/push_journal.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <utility>
#include <variant>

namespace prometheus_rsocket::sim::actor {

void DelayingJournal::append(push::Change /*change*/, Done done) {
  if (!done) return;
  if (delay_max_ == base::Duration::zero()) return done({});
  last_ = std::max(last_ + base::Duration(1), shard_.clock.now() + draws_.up_to(delay_max_));
  const std::uint64_t number = ++puts_;
  auto timer = shard_.timers.make_timer();
  timer->async_wait_until(
      last_, boost::asio::bind_executor(
                 shard_.executor, [this, number, done = std::move(done)](runtime::error_code) {
                   const auto finished = under_way_.extract(number);
                   done({});
                 }));
  under_way_.emplace(number, std::move(timer));
}

void TellingJournal::append(push::Change change, Done done) {
  if (!done) return journal_->append(std::move(change), nullptr);
  const auto exposition = std::get<push::Stored>(change).push.exposition;
  journal_->append(std::move(change),
                   [this, exposition, done = std::move(done)](boost::system::error_code error) {
                     if (!error) stored_(exposition->text);
                     done(error);
                   });
}

}  // namespace prometheus_rsocket::sim::actor
