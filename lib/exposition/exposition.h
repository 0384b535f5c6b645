// One client's text with its index: ready to be merged into as many pages as want it.
#pragma once

#include <cstddef>
#include <string>

#include "exposition/scan.h"

namespace prometheus_rsocket::exposition {

// Valid text, and its scan(). Immutable once made, so that pages on any thread share it.
struct Exposition {
  std::string text;
  Index index;

  // The memory it takes, text and index: what bounds on memory count.
  [[nodiscard]] std::size_t bytes() const { return text.capacity() + index.bytes(); }
};

}  // namespace prometheus_rsocket::exposition
