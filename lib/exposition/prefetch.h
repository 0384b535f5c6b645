// Memory that is soon read is asked for now: a page walks through the texts of thousands of clients
// family by family, and nothing of what comes next is in a cache. Internal to lib/exposition.
#pragma once

#include <algorithm>
#include <cstddef>

namespace prometheus_rsocket::exposition {

// Only a hint. Of long ranges the beginning: the processor goes on by itself.
inline void prefetch(const void* begin, std::size_t bytes) {
  constexpr std::size_t kLine = 64;
  constexpr std::size_t kBytesMax = 16 * kLine;
  const auto* const first = static_cast<const char*>(begin);
  for (std::size_t at = 0; at < std::min(bytes, kBytesMax); at += kLine) {
    __builtin_prefetch(first + at);
  }
}

}  // namespace prometheus_rsocket::exposition
