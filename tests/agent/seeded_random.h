// Randomness that is a function of a seed.
#pragma once

#include <cstdint>
#include <random>
#include <span>

#include "runtime/random.h"

namespace prometheus_rsocket::agent {

class SeededRandom final : public runtime::Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<std::byte> bytes) override {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(engine_() & 0xFFU);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace prometheus_rsocket::agent
