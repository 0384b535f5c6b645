// Random draws of the simulator that do not depend on each other: each is a hash of the seed, of
// who draws, and of how many draws it made before. So taking one thing out of a scenario leaves the
// draws of all others as they were, and a failure can be shrunk.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/time.h"

namespace prometheus_rsocket::sim {

// One round of SplitMix64's output function: every bit of the result depends on every bit of x.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ x >> 30U) * 0xbf58476d1ce4e5b9U;
  x = (x ^ x >> 27U) * 0x94d049bb133111ebU;
  return x ^ x >> 31U;
}

[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return mix(a ^ std::rotl(mix(b), 23));
}

// FNV-1a, then mixed.
[[nodiscard]] constexpr std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return mix(hash);
}

class Draws {
 public:
  Draws(std::uint64_t seed, std::uint64_t entity) : key_(mix(seed, entity)) {}

  [[nodiscard]] std::uint64_t next() { return mix(key_, count_++); }

  // In [0, bound). The bias of the remainder, below 2^-32 for the bounds used, does not matter.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) {
    CHECK(bound > 0, "there is no whole number in an empty range");
    return next() % bound;
  }

  [[nodiscard]] bool percent(std::uint32_t chance) { return below(100) < chance; }

  // In [0, max].
  [[nodiscard]] base::Duration up_to(base::Duration max) {
    return base::Duration(
        static_cast<base::Duration::rep>(below(static_cast<std::uint64_t>(max.count()) + 1)));
  }

  // In [1, max], its number of bits uniform: 1 is as likely as all numbers between max/2 and max.
  [[nodiscard]] std::size_t log_uniform(std::size_t max) {
    const auto bits = below(static_cast<std::uint64_t>(std::bit_width(max))) + 1;
    const std::size_t low = std::size_t{1} << (bits - 1);
    const std::size_t high = bits == 64 ? max : (low << 1U) - 1;
    return low + below((high < max ? high : max) - low + 1);
  }

 private:
  std::uint64_t key_;
  std::uint64_t count_ = 0;
};

}  // namespace prometheus_rsocket::sim
