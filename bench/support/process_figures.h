// What a process has used, as Linux counts it in /proc (proc(5)): CPU time and resident memory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace prometheus_rsocket::bench {

struct ProcessFigures {
  base::Duration cpu_time{};              // user and system, all threads; in steps of 10 ms
  std::uint64_t resident_bytes = 0;       // VmRSS
  std::uint64_t resident_bytes_peak = 0;  // VmHWM

  friend bool operator==(const ProcessFigures&, const ProcessFigures&) = default;
};

// Nothing when there is no such process (any more).
[[nodiscard]] std::optional<ProcessFigures> read_process_figures(pid_t pid);

// The same from the texts of /proc/PID/stat and /proc/PID/status. REQUIRES: ticks_per_second > 0.
[[nodiscard]] std::optional<ProcessFigures> parse_process_figures(std::string_view stat,
                                                                  std::string_view status,
                                                                  std::int64_t ticks_per_second);

}  // namespace prometheus_rsocket::bench
