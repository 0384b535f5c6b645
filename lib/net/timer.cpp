#include "net/timer.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "net/bind_like.h"

namespace prometheus_rsocket::net {
namespace {

using WaitHandler = runtime::Handler<void(runtime::error_code)>;

class SteadyTimer final : public runtime::Timer {
 public:
  explicit SteadyTimer(boost::asio::io_context& context)
      : executor_(context.get_executor()), timer_(context) {}

  ~SteadyTimer() override {
    // asio would complete the wait; the seam promises that the handler is destroyed uncalled.
    if (const auto waiting = waiting_.lock()) *waiting = nullptr;
  }

  void cancel() override { timer_.cancel(); }

 private:
  void do_wait_until(base::Instant deadline, WaitHandler handler) override {
    using std::chrono::steady_clock;
    const steady_clock::time_point at(
        std::chrono::duration_cast<steady_clock::duration>(deadline.time_since_epoch()));
    timer_.expires_at(std::max(at, steady_clock::time_point{}));
    timer_.async_wait(bind_like(std::move(handler), executor_, [this](WaitHandler inner) {
      auto kept = std::make_shared<WaitHandler>(std::move(inner));
      waiting_ = kept;
      return [waiting = std::move(kept)](runtime::error_code error) {
        if (!*waiting) return;  // the timer is gone
        auto taken = std::move(*waiting);
        *waiting = nullptr;
        std::move(taken)(error);
      };
    }));
  }

  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer timer_;
  // The operation under way owns it and may outlive us. Not shared with us: a handler that owns the
  // timer would keep both alive when the operation is destroyed with its context.
  std::weak_ptr<WaitHandler> waiting_;
};

}  // namespace

base::Instant SteadyClock::now() const {
  return base::Instant(std::chrono::duration_cast<base::Duration>(
      std::chrono::steady_clock::now().time_since_epoch()));
}

base::WallTime SteadyClock::wall_now() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::unique_ptr<runtime::Timer> Timers::make_timer() {
  return std::make_unique<SteadyTimer>(context_);
}

}  // namespace prometheus_rsocket::net
