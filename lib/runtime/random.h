// Randomness at the seam: unpredictable in production, a function of the seed in the simulator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/time.h"

namespace prometheus_rsocket::runtime {

// Belongs to one shard. Two draws never stand in one expression: g++ and clang evaluate arguments
// in different order.
class Random {
 public:
  virtual ~Random() = default;

  // Good enough for keys in production.
  virtual void fill(std::span<std::byte> bytes) = 0;

  // A whole number in [0, bound), every one equally likely. REQUIRES: bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);

  // A moment's distance in [0, max], in nanoseconds. REQUIRES: max >= 0.
  [[nodiscard]] base::Duration up_to(base::Duration max);
};

}  // namespace prometheus_rsocket::runtime
