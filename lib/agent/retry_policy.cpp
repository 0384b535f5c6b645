#include "agent/retry_policy.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/mutant.h"
#include "base/probe.h"

namespace prometheus_rsocket::agent {

using base::Mutant;

RetryPolicy::RetryPolicy(const RetryConfig& config) : config_(config) {
  CHECK(config.first_backoff > base::Duration::zero(), "a backoff of nothing is a busy loop");
  CHECK(config.max_backoff >= config.first_backoff, "the backoff only grows");
  CHECK(config.jitter_percent <= 100, "jitter beyond the backoff itself would be negative");
  CHECK(config.redial_spread >= base::Duration::zero(), "a spread is a distance");
  CHECK(config.stable_time >= base::Duration::zero(), "a time is not negative");
}

std::optional<base::Duration> RetryPolicy::handle_ended(std::optional<base::Duration> lasted,
                                                        runtime::Random& random) {
  if (lasted && *lasted >= config_.stable_time) {
    failures_ = 0;
    if (base::is_mutant(Mutant::kNoJitter)) return base::Duration::zero();
    base::reached(base::Probe::kRedialledSoon);
    return random.up_to(config_.redial_spread);
  }
  if (lasted && base::is_mutant(Mutant::kRedialAtOnce)) return base::Duration::zero();
  if (config_.retries_max && failures_ >= *config_.retries_max) return std::nullopt;
  if (failures_ < std::numeric_limits<std::uint32_t>::max()) ++failures_;
  const base::Duration wait = backoff();
  if (base::is_mutant(Mutant::kNoJitter) || base::is_mutant(Mutant::kBackoffOverflows)) return wait;
  if (wait == config_.max_backoff) base::reached(base::Probe::kBackoffCapped);
  // Divided first: a jitter of a percent exactly is not worth an overflow.
  const base::Duration jitter = wait / 100 * config_.jitter_percent;
  const base::Duration low = wait - jitter;
  const base::Duration high = wait + std::min(jitter, config_.max_backoff - wait);
  return low + random.up_to(high - low);
}

// first_backoff · 2^(failures - 1), at most max_backoff.
base::Duration RetryPolicy::backoff() const {
  base::Duration wait = config_.first_backoff;
  if (base::is_mutant(Mutant::kBackoffOverflows)) return wait * (1U << (failures_ - 1) % 32U);
  for (std::uint32_t i = 1; i < failures_ && wait < config_.max_backoff; ++i) {
    wait = wait > config_.max_backoff / 2 ? config_.max_backoff : wait * 2;
  }
  return wait;
}

}  // namespace prometheus_rsocket::agent
