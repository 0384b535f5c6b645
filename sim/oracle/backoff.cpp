#include <algorithm>
#include <map>
#include <optional>

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
    const auto found = open_.find(attempt.connection);
    switch (attempt.kind) {
      case Attempt::Kind::kBegan:
        if (waiting_since_) judge(*waiting_since_, attempt.at);
        waiting_since_.reset();
        dialling_ = true;
        break;
      case Attempt::Kind::kConnected:
        dialling_ = false;
        newest_ = attempt.connection;
        open_[newest_] = {attempt.at};
        break;
      case Attempt::Kind::kFailed:
        dialling_ = false;
        wait(attempt.at, std::nullopt);
        break;
      case Attempt::Kind::kKeyed:
        if (found != open_.end()) found->second.keyed = true;
        break;
      case Attempt::Kind::kAsked:
        if (found == open_.end() || !is_content() || attempt.connection != newest_) break;
        if (found->second.keyed) moving_failures_ = 0;
        wait(attempt.at, attempt.at - found->second.since);
        break;
      case Attempt::Kind::kGone:
        if (found != open_.end()) found->second.gone = true;
        break;
      case Attempt::Kind::kDisconnected:
        if (found != open_.end()) take_end(found->second, attempt);
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
  struct Connection {
    base::Instant since;
    bool keyed = false;
    bool gone = false;
  };

  [[nodiscard]] bool is_content() const { return !dialling_ && !waiting_since_; }
  [[nodiscard]] bool is_served() const {
    return std::ranges::any_of(open_, [](const auto& one) { return !one.second.gone; });
  }

  void take_end(const Connection& ended, const Attempt& attempt) {
    const base::Duration lasted = attempt.at - ended.since;
    const bool served = !ended.gone;
    open_.erase(attempt.connection);
    const bool was_all = waiting_since_ && served && !is_served();
    if (was_all || (is_content() && attempt.connection == newest_)) wait(attempt.at, lasted);
  }

  void wait(base::Instant since, std::optional<base::Duration> lasted) {
    std::uint64_t& count = is_served() ? moving_failures_ : alone_failures_;
    count = lasted && *lasted >= index_.rules().stable_time ? 0 : count + 1;
    failures_ = count;
    waiting_since_ = since;
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
  std::uint64_t alone_failures_ = 0;
  std::uint64_t moving_failures_ = 0;
  std::uint64_t failures_ = 0;  // the one that counts now
  bool dialling_ = false;
  std::optional<base::Instant> waiting_since_;
  std::uint64_t newest_ = 0;
  std::map<std::uint64_t, Connection> open_;
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
