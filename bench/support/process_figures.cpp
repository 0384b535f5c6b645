#include "support/process_figures.h"

#include <time.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace prometheus_rsocket::bench {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Of another process as of ourselves: the clock needs no permission.
std::optional<base::Duration> cpu_time(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// `VmRSS:	   12345 kB`
std::optional<std::uint64_t> kibibytes(std::string_view status, const std::string& name) {
  const auto line = ("\n" + std::string(status)).find("\n" + name + ":");
  if (line == std::string::npos) return std::nullopt;
  std::istringstream value{std::string(status.substr(line + name.size() + 1))};
  std::uint64_t count = 0;
  if (!(value >> count)) return std::nullopt;
  return count * 1024;
}

}  // namespace

std::optional<ResidentMemory> parse_resident_memory(std::string_view status) {
  const auto resident = kibibytes(status, "VmRSS");
  const auto peak = kibibytes(status, "VmHWM");
  if (!resident || !peak) return std::nullopt;
  return ResidentMemory{*resident, *peak};
}

std::optional<ProcessFigures> read_process_figures(pid_t pid) {
  const auto cpu = cpu_time(pid);
  const auto memory = parse_resident_memory(contents("/proc/" + std::to_string(pid) + "/status"));
  if (!cpu || !memory) return std::nullopt;
  return ProcessFigures{*cpu, *memory};
}

}  // namespace prometheus_rsocket::bench
