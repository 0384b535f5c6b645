// How much of what the allocator holds free is to be given back to the system, so that a burst does
// not stay resident for ever, and what each scrape takes and frees is not given back and taken anew
// (docs/decisions/0013). A pure rule; free_memory.h acts by it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace prometheus_rsocket::proxy {

class Surplus {
 public:
  // Looks, a second apart, at each of which it must have been free.
  static constexpr std::size_t kLooks = 30;
  // As much as is in use may be free, and this always.
  static constexpr std::size_t kFreeBytesMin = std::size_t{16} << 20;
  // Given back at a time: some 10 ms of work, for which the event loop waits.
  static constexpr std::size_t kPortionBytes = std::size_t{64} << 20;

  // What was found at one more look; how much to give back now.
  [[nodiscard]] std::size_t look(std::size_t used_bytes, std::size_t free_bytes) {
    const std::size_t keep = std::max(used_bytes, kFreeBytesMin);
    seen_[next_] = free_bytes > keep ? free_bytes - keep : 0;
    next_ = (next_ + 1) % kLooks;
    const std::size_t portion = std::min(*std::ranges::min_element(seen_), kPortionBytes);
    for (std::size_t& surplus : seen_) surplus -= portion;
    return portion;
  }

 private:
  std::array<std::size_t, kLooks> seen_{};
  std::size_t next_ = 0;
};

}  // namespace prometheus_rsocket::proxy
