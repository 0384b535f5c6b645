#include "sim/log.h"

#include <array>
#include <iomanip>
#include <sstream>
#include <string_view>

namespace prometheus_rsocket::sim {

std::string to_string(const LogLine& line) {
  static constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warn", "error"};
  const auto microseconds =
      std::chrono::duration_cast<std::chrono::microseconds>(line.time).count();
  std::ostringstream text;
  text << microseconds / 1'000'000 << '.' << std::setw(6) << std::setfill('0')
       << microseconds % 1'000'000 << ' ' << line.host << '/' << line.process << '#' << line.shard
       << ' ' << kLevels[static_cast<std::size_t>(line.level)] << ' ' << line.text;
  return text.str();
}

}  // namespace prometheus_rsocket::sim
