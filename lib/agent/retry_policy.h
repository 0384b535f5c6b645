// When to dial again: after a stable connection soon, after a failure with exponential backoff.
//
// Sans-I/O: what happened in, how long to wait out. The rule is design.md's ("Leaving"):
// clients that lose their proxy together must not arrive at the next one together.
#pragma once

#include <cstdint>
#include <optional>

#include "agent/limits.h"
#include "base/time.h"
#include "runtime/random.h"

namespace prometheus_rsocket::agent {

// CHECKed when a RetryPolicy is made.
struct RetryConfig {
  base::Duration first_backoff = kFirstBackoff;  // > 0
  base::Duration max_backoff = kMaxBackoff;      // >= first_backoff; no wait is longer
  unsigned jitter_percent = kJitterPercent;      // 0 … 100, of the backoff, either way
  base::Duration redial_spread = kRedialSpread;  // >= 0
  base::Duration stable_time = kStableTime;      // >= 0
  // Failures in a row that are followed by another attempt; absent: all of them.
  std::optional<std::uint32_t> retries_max = std::nullopt;
};

class RetryPolicy {
 public:
  explicit RetryPolicy(const RetryConfig& config);

  // A connection that was `lasted` old ended, whoever ended it; nothing: a dial failed. How long to
  // wait before the next dial; nothing once the retries are used up. One draw from `random`, or
  // none.
  [[nodiscard]] std::optional<base::Duration> handle_ended(std::optional<base::Duration> lasted,
                                                           runtime::Random& random);

  void forget_failures() { failures_ = 0; }

  // Failures in a row so far, connections that were not stable included.
  [[nodiscard]] std::uint32_t failures() const { return failures_; }

 private:
  [[nodiscard]] base::Duration backoff() const;

  RetryConfig config_;
  std::uint32_t failures_ = 0;
};

}  // namespace prometheus_rsocket::agent
