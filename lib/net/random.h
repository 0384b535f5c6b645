// The seam's Random from the operating system's generator.
#pragma once

#include "runtime/random.h"

namespace prometheus_rsocket::net {

class SystemRandom final : public runtime::Random {
 public:
  void fill(std::span<std::byte> bytes) override;
};

}  // namespace prometheus_rsocket::net
