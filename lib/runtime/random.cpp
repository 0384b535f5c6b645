#include "runtime/random.h"

#include <limits>

#include "base/check.h"

namespace prometheus_rsocket::runtime {

std::uint64_t Random::below(std::uint64_t bound) {
  CHECK(bound > 0, "there is no whole number in an empty range");
  // Draws beyond the last whole multiple of bound would favour the small results: draw again.
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  const std::uint64_t excess = (kMax % bound + 1) % bound;
  std::uint64_t draw = 0;
  do {
    std::byte bytes[sizeof draw];
    fill(bytes);
    draw = 0;
    for (const std::byte byte : bytes) draw = draw << 8 | std::to_integer<std::uint64_t>(byte);
  } while (draw > kMax - excess);
  return draw % bound;
}

base::Duration Random::up_to(base::Duration max) {
  CHECK(max >= base::Duration::zero(), "a distance is not negative");
  return base::Duration(
      static_cast<base::Duration::rep>(below(static_cast<std::uint64_t>(max.count()) + 1)));
}

}  // namespace prometheus_rsocket::runtime
