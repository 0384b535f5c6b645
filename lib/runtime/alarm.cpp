#include "runtime/alarm.h"

#include <boost/asio/bind_executor.hpp>
#include <optional>
#include <utility>

namespace prometheus_rsocket::runtime {

struct Alarm::State : std::enable_shared_from_this<State> {
  State(Shard& s, std::function<void()> d)
      : shard(s), timer(s.timers.make_timer()), due(std::move(d)) {}

  void arm() {
    if (!deadline || (armed_for && *armed_for <= *deadline)) return;
    if (armed_for) {
      timer->cancel();  // comes back here through woke()
      return;
    }
    armed_for = deadline;
    timer->async_wait_until(*deadline, boost::asio::bind_executor(
                                           shard.executor, [weak = weak_from_this()](error_code) {
                                             if (const auto self = weak.lock()) self->woke();
                                           }));
  }

  void woke() {
    armed_for.reset();
    if (deadline && shard.clock.now() >= *deadline) {
      deadline.reset();
      due();
    }
    arm();
  }

  Shard& shard;
  std::unique_ptr<Timer> timer;
  std::function<void()> due;
  std::optional<base::Instant> deadline;
  std::optional<base::Instant> armed_for;
};

Alarm::Alarm(Shard& shard, std::function<void()> due)
    : state_(std::make_shared<State>(shard, std::move(due))) {}

Alarm::~Alarm() {
  state_->deadline.reset();
  state_->timer->cancel();
}

void Alarm::set(base::Instant deadline) {
  state_->deadline = deadline;
  state_->arm();
}

void Alarm::clear() { state_->deadline.reset(); }

}  // namespace prometheus_rsocket::runtime
