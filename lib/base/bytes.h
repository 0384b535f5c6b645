// Bytes as they travel: owned buffers, borrowed views, and the two ways between bytes and text.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace prometheus_rsocket::base {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;  // borrowed: valid as long as its owner says

[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

[[nodiscard]] inline Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace prometheus_rsocket::base
