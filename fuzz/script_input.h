// A fuzzer's input read as a script: numbers and bytes from the front. Behind its end everything is
// zero, so that every input is a whole script.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/bytes.h"

namespace prometheus_rsocket::fuzz {

class ScriptInput {
 public:
  explicit ScriptInput(base::ByteView input) : rest_(input) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = std::to_integer<std::uint8_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return value;
  }
  std::uint32_t word() {
    const std::uint32_t high = byte();
    return high << 8U | byte();
  }
  // Behind a byte that says how many.
  base::ByteView bytes() {
    const std::size_t size = std::min<std::size_t>(byte(), rest_.size());
    const base::ByteView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

 private:
  base::ByteView rest_;
};

}  // namespace prometheus_rsocket::fuzz
