// The CPU time of the calling thread.
#pragma once

#include <time.h>

#include <chrono>

#include "base/time.h"

namespace prometheus_rsocket::bench {

[[nodiscard]] inline base::Duration thread_cpu_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace prometheus_rsocket::bench
