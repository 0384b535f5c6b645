// The command line of prometheus-rsocket-sim, parsed and in range.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace prometheus_rsocket::sim {

inline constexpr std::string_view kExpectHash = "hash";
inline constexpr std::string_view kExpectMustHappen = "must-happen:";

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t seeds = 1;
  std::string scenario = "mixed";
  std::string replay;    // a scenario's file, in place of drawing
  std::string minimise;  // likewise, and it is shrunk
  // In place of the drawn ones.
  std::optional<base::Duration> duration;  // of the whole run: half of it settles
  std::optional<std::uint32_t> clients;
  std::optional<base::Duration> wall_time;  // begins no more seeds after it
  unsigned mutant = 0;
  // Stop at the first seed at which one of these oracles fails, or `hash` (two runs differ);
  // `must-happen:NAME`: what is counted under that name never happens. None: explore all.
  std::vector<std::string> expect;
  unsigned jobs = 1;
  bool trace = false;
  std::string svg;              // a file for the time-line
  std::string directory = ".";  // where failures are left
  bool list = false;
};

// What the user wrote is wrong; what() is one line that says what and where.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Text to print on stdout, and then to end with 0: --help.
struct Printed {
  std::string text;
};

// Throws UsageError or Printed.
[[nodiscard]] Options parse_options(int argc, const char* const* argv);

}  // namespace prometheus_rsocket::sim
