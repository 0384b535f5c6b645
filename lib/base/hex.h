// Hexadecimal digits as others write them.
#pragma once

#include <optional>

namespace prometheus_rsocket::base {

// In either case.
[[nodiscard]] constexpr std::optional<unsigned> parse_hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

}  // namespace prometheus_rsocket::base
