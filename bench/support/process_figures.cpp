#include "support/process_figures.h"

#include <time.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>

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

std::string folder_of(pid_t pid) { return "/proc/" + std::to_string(pid); }

// `VmRSS:	   12345 kB`, `Threads:	4`
std::optional<std::uint64_t> number_of(std::string_view status, const std::string& name) {
  const auto line = ("\n" + std::string(status)).find("\n" + name + ":");
  if (line == std::string::npos) return std::nullopt;
  std::istringstream value{std::string(status.substr(line + name.size() + 1))};
  std::uint64_t count = 0;
  if (!(value >> count)) return std::nullopt;
  return count;
}

}  // namespace

std::optional<ResidentMemory> parse_resident_memory(std::string_view status) {
  const auto resident = number_of(status, "VmRSS");
  const auto peak = number_of(status, "VmHWM");
  if (!resident || !peak) return std::nullopt;
  return ResidentMemory{*resident * 1024, *peak * 1024};
}

std::optional<ProcessFigures> read_process_figures(pid_t pid) {
  const auto cpu = cpu_time(pid);
  const auto memory = parse_resident_memory(contents(folder_of(pid) + "/status"));
  if (!cpu || !memory) return std::nullopt;
  return ProcessFigures{*cpu, *memory};
}

std::optional<ProcessHandles> read_process_handles(pid_t pid) {
  const auto threads = number_of(contents(folder_of(pid) + "/status"), "Threads");
  std::error_code error;
  const std::filesystem::directory_iterator descriptors(folder_of(pid) + "/fd", error);
  if (error || !threads) return std::nullopt;
  return ProcessHandles{
      static_cast<std::size_t>(std::distance(begin(descriptors), end(descriptors))),
      static_cast<std::size_t>(*threads)};
}

}  // namespace prometheus_rsocket::bench
