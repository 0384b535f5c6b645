// Hexadecimal digits, as others write them and as we do.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace prometheus_rsocket::base {

// In either case.
[[nodiscard]] constexpr std::optional<unsigned> parse_hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

// In lower case. REQUIRES: value < 16.
[[nodiscard]] constexpr char hex_digit(unsigned value) {
  return std::string_view("0123456789abcdef")[value];
}

// Two digits.
inline void append_hex(std::string& out, unsigned char byte) {
  out += hex_digit(byte >> 4U);
  out += hex_digit(byte & 0xFU);
}

}  // namespace prometheus_rsocket::base
