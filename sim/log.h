// What the processes of a world logged, with the virtual time and the place.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "base/time.h"
#include "runtime/log.h"

namespace prometheus_rsocket::sim {

struct LogLine {
  base::Duration time;  // since the world's beginning
  base::WallTime wall;  // by the process' wall clock, as production stamps its lines
  boost::asio::ip::address host;
  std::size_t process = 0;  // Process::index()
  std::size_t shard = 0;
  runtime::LogLevel level = runtime::LogLevel::kInfo;
  std::string text;  // as runtime::format_logfmt() gives it: msg="…" name=value …
};

// `12.000345 10.0.0.1/3#0 info msg="listening" kind=tcp`
[[nodiscard]] std::string to_string(const LogLine& line);

}  // namespace prometheus_rsocket::sim
