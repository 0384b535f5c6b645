// Bytes written as people read them: `hex("00000001 2860")`.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/check.h"

namespace prometheus_rsocket::rsocket {

inline base::Bytes hex(std::string_view text) {
  base::Bytes bytes;
  unsigned value = 0;
  std::size_t digits = 0;
  for (const char symbol : text) {
    if (symbol == ' ') continue;
    const std::size_t digit = std::string_view("0123456789ABCDEF").find(symbol);
    CHECK(digit != std::string_view::npos, "hexadecimal digits in capitals, and spaces");
    value = value << 4U | static_cast<unsigned>(digit);
    if (++digits % 2 == 0) bytes.push_back(static_cast<std::byte>(value & 0xFFU));
  }
  CHECK(digits % 2 == 0, "two digits a byte");
  return bytes;
}

}  // namespace prometheus_rsocket::rsocket
