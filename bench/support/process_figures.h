// What a process has used, as Linux counts it: CPU time by its clock (clock_getcpuclockid(3)),
// memory by /proc (proc(5)).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace prometheus_rsocket::bench {

struct ResidentMemory {
  std::uint64_t bytes = 0;       // VmRSS
  std::uint64_t bytes_peak = 0;  // VmHWM

  friend bool operator==(const ResidentMemory&, const ResidentMemory&) = default;
};

struct ProcessFigures {
  base::Duration cpu_time{};  // user and system, all threads, ended ones too
  ResidentMemory resident;

  friend bool operator==(const ProcessFigures&, const ProcessFigures&) = default;
};

// Nothing when there is no such process (any more).
[[nodiscard]] std::optional<ProcessFigures> read_process_figures(pid_t pid);

// What a process holds beside memory: what must not grow with those who come and go.
struct ProcessHandles {
  std::size_t descriptors = 0;
  std::size_t threads = 0;

  friend bool operator==(const ProcessHandles&, const ProcessHandles&) = default;
};

// As read_process_figures(); of a process of our own user.
[[nodiscard]] std::optional<ProcessHandles> read_process_handles(pid_t pid);

// From the text of /proc/PID/status. Nothing for a zombie, which has no memory.
[[nodiscard]] std::optional<ResidentMemory> parse_resident_memory(std::string_view status);

}  // namespace prometheus_rsocket::bench
