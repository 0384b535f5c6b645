// The envelope's randomness, from a shard's.
#pragma once

#include "envelope/key.h"
#include "runtime/random.h"

namespace prometheus_rsocket::sim::actor {

class ShardRandom final : public envelope::RandomSource {
 public:
  explicit ShardRandom(runtime::Random& random) : random_(random) {}  // which outlives it
  void fill(std::span<std::byte> bytes) override { random_.fill(bytes); }

 private:
  runtime::Random& random_;
};

}  // namespace prometheus_rsocket::sim::actor
