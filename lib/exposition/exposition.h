// One client's text with its index: ready to be merged into as many pages as want it.
#pragma once

#include <cstddef>
#include <string>

#include "exposition/scan.h"

namespace prometheus_rsocket::exposition {

// What merging takes for each family of a source, at most (merge.h).
inline constexpr std::size_t kPlanBytesPerFamily = 100;

// Valid text, and what read() (read.h) or scan() found in it. Immutable once made, so that pages on
// any thread share it.
struct Exposition {
  std::string text;
  Index index;

  // The memory it takes, text and index: what bounds on memory count.
  [[nodiscard]] std::size_t bytes() const { return text.capacity() + index.bytes(); }
  // The same with what a page that it is on takes for it.
  [[nodiscard]] std::size_t page_bytes() const {
    return bytes() + index.families.size() * kPlanBytesPerFamily;
  }
};

}  // namespace prometheus_rsocket::exposition
