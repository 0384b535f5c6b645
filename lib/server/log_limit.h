// Keeps one kind of trouble from filling the log: so many lines a period, the rest as a number.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "server/limits.h"

namespace prometheus_rsocket::server {

class LogLimit {
 public:
  // Whether to log now; if so, how many were passed over since the last line.
  [[nodiscard]] std::optional<std::uint64_t> admit(base::Instant now) {
    if (!period_ends_ || now >= *period_ends_) {
      period_ends_ = now + kLogPeriod;
      used_ = 0;
    }
    if (used_ == kLogBurst) {
      ++suppressed_;
      return std::nullopt;
    }
    ++used_;
    const std::uint64_t suppressed = suppressed_;
    suppressed_ = 0;
    return suppressed;
  }

 private:
  std::optional<base::Instant> period_ends_;
  unsigned used_ = 0;
  std::uint64_t suppressed_ = 0;
};

}  // namespace prometheus_rsocket::server
