#include <algorithm>

#include "sim/oracle/findings.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

// Divisions of durations round; nobody dials sooner by more than that.
constexpr base::Duration kRounding = std::chrono::microseconds(1);

struct Bounds {
  base::Duration low;
  base::Duration high;
};

// first · 2^(failures - 1), at most max.
base::Duration nominal(const history::Rules& rules, std::uint64_t failures) {
  base::Duration wait = std::min(rules.first_backoff, rules.max_backoff);
  for (std::uint64_t i = 1; i < failures; ++i) {
    if (wait >= rules.max_backoff / 2) return rules.max_backoff;
    wait *= 2;
  }
  return wait;
}

Bounds bounds(const history::Rules& rules, std::uint64_t failures) {
  if (failures == 0) return {base::Duration::zero(), rules.redial_spread + kRounding};
  const base::Duration wait = nominal(rules, failures);
  const base::Duration jitter = wait / 100 * rules.jitter_percent;
  return {wait - jitter - kRounding, std::min(wait + jitter, rules.max_backoff) + kRounding};
}

// Follows the attempts of one client.
class Follower {
 public:
  Follower(const Index& index, const Life& life, Findings& findings)
      : index_(index), life_(life), findings_(findings) {}

  void take(const Attempt& attempt) {
    switch (attempt.kind) {
      case Attempt::Kind::kBegan:
        if (waiting_since_) judge(*waiting_since_, attempt.at);
        waiting_since_.reset();
        break;
      case Attempt::Kind::kConnected:
        connected_at_ = attempt.at;
        break;
      case Attempt::Kind::kFailed:
        ended(attempt.at, false);
        break;
      case Attempt::Kind::kDisconnected:
        ended(attempt.at,
              connected_at_ && attempt.at - *connected_at_ >= index_.rules().stable_time);
        break;
    }
  }

  // It never dialled again.
  void finish() {
    if (!waiting_since_) return;
    const base::Instant due = *waiting_since_ + bounds(index_.rules(), failures_).high;
    const base::Instant until = std::min(life_.ended, index_.end());
    if (due < until) judge(*waiting_since_, kNever);
  }

 private:
  void ended(base::Instant at, bool was_stable) {
    failures_ = was_stable ? 0 : failures_ + 1;
    connected_at_.reset();
    waiting_since_ = at;
  }

  void judge(base::Instant since, base::Instant dialled) {
    const auto [low, high] = bounds(index_.rules(), failures_);
    const bool too_soon = dialled < since + low;
    const bool too_late = dialled > since + high &&
                          !index_.disturbances().paused(place_of(life_.who), since, since + high);
    if (!too_soon && !too_late) return;
    findings_.add(std::min(dialled, index_.end()), "client ", life_.who, ", after ", failures_,
                  " failures in a row, the last end at ", index_.seconds(since), ", dialled at ",
                  index_.seconds(dialled), ": due from ", index_.seconds(since + low), " to ",
                  index_.seconds(since + high));
  }

  const Index& index_;
  const Life& life_;
  Findings& findings_;
  std::uint64_t failures_ = 0;
  std::optional<base::Instant> connected_at_;
  std::optional<base::Instant> waiting_since_;
};

}  // namespace

std::vector<Violation> judge_backoff(const Index& index) {
  Findings findings("10-backoff");
  for (const auto& [who, life] : index.lives()) {
    if (!life.ours()) continue;
    Follower follower(index, life, findings);
    for (const Attempt& attempt : life.attempts) follower.take(attempt);
    // Whoever pushed dials no more.
    if (life.pushes.empty()) follower.finish();
  }
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle
