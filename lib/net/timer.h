// The seam's Clock and Timers on the system's clocks and asio::steady_timer.
#pragma once

#include <boost/asio/io_context.hpp>

#include "runtime/clock.h"

namespace prometheus_rsocket::net {

class SteadyClock final : public runtime::Clock {
 public:
  [[nodiscard]] base::Instant now() const override;  // CLOCK_MONOTONIC
  [[nodiscard]] base::WallTime wall_now() const override;
};

class Timers final : public runtime::Timers {
 public:
  explicit Timers(boost::asio::io_context& context) : context_(context) {}
  [[nodiscard]] std::unique_ptr<runtime::Timer> make_timer() override;

 private:
  boost::asio::io_context& context_;
};

}  // namespace prometheus_rsocket::net
