// The command line and the environment of prometheus-rsocket-proxy, parsed and in range.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

#include "net/log.h"
#include "runtime/log.h"
#include "server/config.h"

namespace prometheus_rsocket::proxy {

struct Options {
  server::Config server;
  std::size_t threads = 1;
  runtime::LogLevel log_level = runtime::LogLevel::kInfo;
  net::LogFormat log_format = net::LogFormat::kLogfmt;
  bool check_only = false;
};

// What the user wrote is wrong; what() is one line that says what and where.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Text to print on stdout, and then to end with 0: --help, --version.
struct Printed {
  std::string text;
};

// Throws UsageError or Printed. Host names in addresses are resolved.
[[nodiscard]] Options parse_options(int argc, const char* const* argv);

}  // namespace prometheus_rsocket::proxy
