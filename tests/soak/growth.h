// Whether a measured quantity grows over a run, or goes up and down around the same level.
#pragma once

#include <cstdint>
#include <span>

namespace prometheus_rsocket::soak {

// The medians of two parts of a run: a single peak is in neither.
struct Growth {
  std::uint64_t early = 0;  // of the second fifth: the first is for warming
  std::uint64_t late = 0;   // of the last

  friend bool operator==(const Growth&, const Growth&) = default;
};

// REQUIRES: at least five values, in the order of time.
[[nodiscard]] Growth growth_of(std::span<const std::uint64_t> values);

// Whether the late level is at most so many percent, and `slack` on top, above the early one.
[[nodiscard]] bool is_flat(const Growth& growth, unsigned percent, std::uint64_t slack);

}  // namespace prometheus_rsocket::soak
