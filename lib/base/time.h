// Points in time as everything above the seam sees them: handed in, never read from a clock here.
#pragma once

#include <chrono>

namespace prometheus_rsocket::base {

using Duration = std::chrono::nanoseconds;

// The monotonic clock's type without the clock: it has no now(). In production its values come from
// CLOCK_MONOTONIC, in the simulator from virtual time; only differences mean anything.
struct MonotonicClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock>;
  static constexpr bool is_steady = true;
};

using Instant = MonotonicClock::time_point;

// Civil time in UTC, for what people and other machines read. It may jump; nothing waits on it.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

}  // namespace prometheus_rsocket::base
