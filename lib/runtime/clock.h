// Time at the seam: what it is now, and being woken at a moment.
#pragma once

#include <boost/asio/async_result.hpp>
#include <memory>
#include <utility>

#include "base/time.h"
#include "runtime/handler.h"

namespace prometheus_rsocket::runtime {

class Clock {
 public:
  virtual ~Clock() = default;
  // Never goes back; all waiting is measured with it.
  [[nodiscard]] virtual base::Instant now() const = 0;
  // For people and other machines; may jump either way.
  [[nodiscard]] virtual base::WallTime wall_now() const = 0;
};

// One wait at a time. Belongs to one shard and is used there alone.
class Timer {
 public:
  virtual ~Timer() = default;  // destroys a waiting handler uncalled

  // Completes with no error at `deadline` or soon after (at once if it has passed), or with
  // operation_aborted after cancel(). REQUIRES: no wait under way.
  template <class Token>
  auto async_wait_until(base::Instant deadline, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code)>(
        [this, deadline](auto handler) { do_wait_until(deadline, std::move(handler)); }, token);
  }

  // Ends a wait under way; without one it does nothing.
  virtual void cancel() = 0;

 private:
  virtual void do_wait_until(base::Instant deadline, Handler<void(error_code)> handler) = 0;
};

class Timers {
 public:
  virtual ~Timers() = default;
  [[nodiscard]] virtual std::unique_ptr<Timer> make_timer() = 0;
};

}  // namespace prometheus_rsocket::runtime
