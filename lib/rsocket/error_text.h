// What is kept of an ERROR's text, received or sent.
#pragma once

#include <string_view>

#include "rsocket/limits.h"

namespace prometheus_rsocket::rsocket {

// The beginning of `text` that a short ERROR frame can carry, cut between characters where it is
// UTF-8.
inline std::string_view cut_error_text(std::string_view text) {
  if (text.size() <= kErrorTextBytesMax) return text;
  std::size_t length = kErrorTextBytesMax;
  const auto continues = [&](std::size_t index) {
    return (static_cast<unsigned char>(text[index]) & 0xC0U) == 0x80U;
  };
  while (length > 0 && continues(length)) --length;
  return text.substr(0, length);
}

}  // namespace prometheus_rsocket::rsocket
