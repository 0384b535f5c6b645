#include <algorithm>
#include <map>
#include <set>
#include <variant>

#include "sim/oracle/findings.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

struct Bounds {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

class MetricsJudge {
 public:
  MetricsJudge(const Index& index, const ProxyLife& proxy, base::Instant at,
               const history::MetricsRead& read, Findings& findings)
      : index_(index), proxy_(proxy), at_(at), read_(read), findings_(findings) {}

  void judge() {
    const Bounds connected = connections();
    judge("prometheus_proxy_scrape_active_connections",
          value("prometheus_proxy_scrape_active_connections"), connected);
    judge("the sum of prometheus_proxy_shard_connections",
          sum("prometheus_proxy_shard_connections{", ""), connected);
    const Bounds stored = pushes_stored();
    judge("prometheus_proxy_pushes_acknowledged_total",
          value("prometheus_proxy_pushes_acknowledged_total"), stored);
    if (!index_.rules().durable_pushes) judge_held(stored);
    judge("the count of successful prometheus_proxy_scrape_seconds",
          sum("prometheus_proxy_scrape_seconds_count{", "outcome=\"success\""),
          {pages_parts(), UINT64_MAX});
  }

 private:
  [[nodiscard]] double value(const std::string& name) {
    const auto found = read_.values.find(name);
    if (found != read_.values.end()) return found->second;
    findings_.add(at_, "proxy ", proxy_.proxy, " says nothing of ", name);
    return -1;
  }

  // Of the samples whose names start and go on like this; -1 when there is none.
  [[nodiscard]] double sum(std::string_view start, std::string_view part) const {
    double total = -1;
    for (const auto& [name, number] : read_.values) {
      if (!name.starts_with(start) || name.find(part) == std::string::npos) continue;
      total = std::max(total, 0.0) + number;
    }
    return total;
  }

  void judge(std::string_view name, double number, const Bounds& bounds) {
    if (number >= static_cast<double>(bounds.low) && number <= static_cast<double>(bounds.high)) {
      return;
    }
    findings_.add(at_, "proxy ", proxy_.proxy, " says that ", name, " is ", number,
                  ", and it is from ", bounds.low, " to ", bounds.high);
  }

  [[nodiscard]] Bounds connections() const {
    const base::Duration patience = index_.rules().lifetime + index_.rules().round_trip_max;
    Bounds bounds;
    for (const auto& [who, life] : index_.lives()) {
      for (const Session& session : life.sessions) {
        if (session.began < proxy_.began || session.began > at_) continue;
        if (!session.proxy) {
          if (session.ended + patience >= at_) ++bounds.high;
        } else if (*session.proxy == proxy_.proxy) {
          if (index_.is_sound(life, session, at_, at_)) ++bounds.low;
          if (index_.end_known(life, session) >= at_) ++bounds.high;
        }
      }
      // A dial may have arrived and the client not know it.
      bounds.high += static_cast<std::uint64_t>(
          std::ranges::count_if(life.attempts, [&](const Attempt& attempt) {
            return (attempt.kind == Attempt::Kind::kBegan ||
                    attempt.kind == Attempt::Kind::kFailed) &&
                   attempt.at <= at_ && attempt.at + patience >= at_;
          }));
    }
    return bounds;
  }

  [[nodiscard]] Bounds pushes_stored() const {
    Bounds bounds;
    for (const auto& [who, life] : index_.lives()) {
      for (const Push& push : life.pushes) {
        for (const Push::Stored& stored : push.stored) {
          if (stored.proxy != proxy_.proxy || stored.at < proxy_.began || stored.at > at_) continue;
          ++bounds.high;
          if (stored.at + index_.rules().round_trip_max <= at_) ++bounds.low;
        }
      }
    }
    return bounds;
  }

  // Whatever was stored is held, was let go, or was replaced on its own connection.
  void judge_held(const Bounds& stored) {
    std::uint64_t replaced = 0;
    for (const auto& [who, life] : index_.lives()) {
      std::map<const base::Instant, std::uint64_t> by_session;  // by its beginning
      for (const Push& push : life.pushes) {
        const Session* const session = life.session_at(push.began);
        if (session != nullptr) by_session[session->began] += push.stored.size();
      }
      for (const auto& [began, count] : by_session) replaced += count > 1 ? count - 1 : 0;
    }
    const double held = value("prometheus_proxy_pushes_held") +
                        value("prometheus_proxy_pushes_expired_total") +
                        value("prometheus_proxy_pushes_released_total");
    judge("the sum of pushes held, expired and released", held,
          {stored.low - std::min(stored.low, replaced), stored.high});
  }

  // Texts that pages of this life hold: each was a successful pull.
  [[nodiscard]] std::uint64_t pages_parts() const {
    std::set<std::pair<Incarnation, std::uint64_t>> texts;
    for (const Scrape* scrape : index_.scrapes_of(proxy_.proxy)) {
      if (scrape->began < proxy_.began || scrape->ended > at_ || scrape->doubtful) continue;
      for (const Shown& shown : scrape->shown) {
        if (shown.push == nullptr && shown.text != nullptr) {
          texts.insert({shown.who, shown.sequence});
        }
      }
    }
    return texts.size();
  }

  const Index& index_;
  const ProxyLife& proxy_;
  base::Instant at_;
  const history::MetricsRead& read_;
  Findings& findings_;
};

}  // namespace

std::vector<Violation> judge_metrics(const Index& index) {
  Findings findings("13-metrics");
  for (const history::Entry& entry : index.entries()) {
    const auto* const read = std::get_if<history::MetricsRead>(&entry.what);
    if (read == nullptr) continue;
    const ProxyLife* const life = index.proxy_at(read->proxy, entry.at);
    if (life != nullptr) MetricsJudge(index, *life, entry.at, *read, findings).judge();
  }
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle
