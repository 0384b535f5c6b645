// The configuration of prometheus-rsocket-proxy: from the command line, the environment and a file,
// parsed and in range. A flag beats the environment, that the file, that the default.
#pragma once

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>

#include "net/log.h"
#include "runtime/log.h"
#include "server/config.h"

namespace prometheus_rsocket::proxy {

struct Options {
  server::Config server;
  std::string push_store;           // the folder of what is pushed; empty: memory
  std::string web_config_file;      // who may connect over HTTP (access_files.h); empty: everybody
  std::string rsocket_config_file;  // the same over RSocket
  std::size_t threads = 1;
  runtime::LogLevel log_level = runtime::LogLevel::kInfo;
  net::LogFormat log_format = net::LogFormat::kLogfmt;
  bool check_only = false;
};

// What the user wrote is wrong; what() is one line that says what and where.
class UsageError : public std::runtime_error {
 public:
  explicit UsageError(const std::string& text);
};

// Text to print on stdout, and then to end with 0: --help, --version.
struct Printed {
  std::string text;
};

// The value of a variable, null where it is not set. Variables that are no option are not asked
// for.
using Environment = std::function<const char*(const std::string& name)>;
[[nodiscard]] const char* process_environment(const std::string& name);

// Throws UsageError or Printed. Every source is checked, also where another beats it. Host names in
// addresses are resolved, and waited for. In the environment a list is separated by commas.
[[nodiscard]] Options parse_options(int argc, const char* const* argv,
                                    const Environment& environment = process_environment);

}  // namespace prometheus_rsocket::proxy
