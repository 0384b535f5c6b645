// What the programs that hold many connections do alike with their command lines.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <iostream>
#include <optional>
#include <string>

#include "support/descriptors.h"

namespace prometheus_rsocket::bench {

inline constexpr int kFailedExit = 1;
inline constexpr int kUsageExit = 2;
inline constexpr std::size_t kSpareDescriptors = 64;  // for what is no connection

// The exit code, where there is nothing to run: help was asked for, or the usage was wrong.
inline std::optional<int> parse_command_line(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsageExit;
  }
}

// Raises the limit of descriptors. False, and said, where it does not hold that many connections,
// which is what `program` was told by `option`.
inline bool have_descriptors_for(std::size_t connections, const std::string& program,
                                 const std::string& option) {
  const auto limit = raise_descriptor_limit();
  if (limit >= connections + kSpareDescriptors) return true;
  std::cerr << program << ": " << option << "=" << connections << " does not fit the limit of "
            << limit << " descriptors\n";
  return false;
}

}  // namespace prometheus_rsocket::bench
