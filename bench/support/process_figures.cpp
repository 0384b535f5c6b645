#include "support/process_figures.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "base/check.h"

namespace prometheus_rsocket::bench {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// utime and stime, fields 14 and 15 of /proc/PID/stat. Field 2 is the command's name in
// parentheses, which may hold anything, so fields are counted from the last one of these.
std::optional<std::int64_t> cpu_ticks(std::string_view stat) {
  const auto name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  std::istringstream fields{std::string(stat.substr(name_end + 1))};
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  std::int64_t user = 0;
  std::int64_t system = 0;
  if (!(fields >> user >> system)) return std::nullopt;
  return user + system;
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

std::optional<ProcessFigures> parse_process_figures(std::string_view stat, std::string_view status,
                                                    std::int64_t ticks_per_second) {
  CHECK(ticks_per_second > 0, "a tick is a part of a second");
  const auto ticks = cpu_ticks(stat);
  const auto resident = kibibytes(status, "VmRSS");
  const auto peak = kibibytes(status, "VmHWM");
  if (!ticks || !resident || !peak) return std::nullopt;
  const base::Duration tick = base::Duration(std::chrono::seconds(1)) / ticks_per_second;
  return ProcessFigures{*ticks * tick, *resident, *peak};
}

std::optional<ProcessFigures> read_process_figures(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  return parse_process_figures(contents(folder + "/stat"), contents(folder + "/status"),
                               ::sysconf(_SC_CLK_TCK));
}

}  // namespace prometheus_rsocket::bench
