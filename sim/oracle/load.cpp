#include <algorithm>
#include <map>

#include "sim/oracle/findings.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

// ---- L3

constexpr std::int64_t kClientsEach = 30;  // below, chance alone makes more of a difference
constexpr int kAgeVariesPercent = 10;

using Loads = std::map<ProxyId, std::int64_t>;

std::int64_t total(const Loads& loads) {
  std::int64_t sum = 0;
  for (const auto& [proxy, load] : loads) sum += load;
  return sum;
}

// Within 1.25, with enough clients to say so.
bool is_even(const Loads& loads) {
  const auto by_load = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto [least, most] = std::ranges::minmax_element(loads, by_load);
  return most->second * 4 <= least->second * 5;
}

// Proxies that serve all the time.
Loads proxies_between(const Index& index, base::Instant from, base::Instant to) {
  Loads loads;
  for (const auto& [proxy, lives] : index.proxies()) {
    const ProxyLife* const life = index.proxy_at(proxy, from);
    if (life == nullptr || index.disturbances().is_broken(place_of(proxy))) continue;
    if (std::min(life->ended, life->draining) > to) loads[proxy] = 0;
  }
  return loads;
}

// What becomes of the loads, by time.
std::multimap<base::Instant, std::pair<ProxyId, int>> changes(const Index& index,
                                                              const Loads& loads) {
  std::multimap<base::Instant, std::pair<ProxyId, int>> all;
  for (const auto& [who, life] : index.lives()) {
    for (const Session& session : life.sessions) {
      if (!session.proxy || !loads.contains(*session.proxy)) continue;
      all.emplace(session.began, std::pair(*session.proxy, 1));
      if (session.ended != kNever) all.emplace(session.ended, std::pair(*session.proxy, -1));
    }
  }
  return all;
}

// ---- L4

class DrainJudge {
 public:
  DrainJudge(const Index& index, const ProxyLife& drained, Findings& findings)
      : index_(index),
        drained_(drained),
        findings_(findings),
        gap_max_(index.rules().scrape_interval + index.rules().round_trip_max),
        over_(drained.draining + index.rules().shutdown_grace + gap_max_) {}

  void judge() {
    const history::Rules& rules = index_.rules();
    const bool broke_off =
        drained_.exit_code != 0 ||
        drained_.end.value_or(history::ProxyEnd::kExited) != history::ProxyEnd::kExited;
    if (broke_off || rules.shutdown_grace / 5 * 4 < rules.scrape_interval + rules.redial_spread)
      return;
    for (const auto& [who, life] : index_.lives()) {
      const Session* const session = life.session_at(drained_.draining);
      if (!life.ours() || session == nullptr || session->proxy != drained_.proxy ||
          session->keyed + rules.stable_time + rules.round_trip_max > drained_.draining) {
        continue;
      }
      judge(life, *session);
    }
  }

 private:
  void judge(const Life& life, const Session& session) {
    base::Instant last = session.keyed;
    for (const base::Instant at : showings(life)) {
      if (at > drained_.draining) judge_gap(life, last, at);
      if (at > over_) return;
      last = at;
    }
    judge_gap(life, last, std::min(life.ended, index_.end()));
  }

  // When good pages began that show it, its own among them, whoever asked whom.
  [[nodiscard]] std::vector<base::Instant> showings(const Life& life) const {
    std::vector<base::Instant> all;
    for (const auto& [id, scrape] : index_.scrapes()) {
      if (scrape.shows_live(life.who) != nullptr) all.push_back(scrape.began);
    }
    std::ranges::sort(all);
    return all;
  }

  void judge_gap(const Life& life, base::Instant from, base::Instant to) {
    if (to - from <= gap_max_ || is_excused(life, from, to)) return;
    findings_.add(from + gap_max_, "client ", life.who, " is on no page from ",
                  index_.seconds(from), " to ", index_.seconds(to), ", after proxy ",
                  drained_.proxy, " began to drain at ", index_.seconds(drained_.draining));
  }

  [[nodiscard]] bool is_excused(const Life& life, base::Instant from, base::Instant to) const {
    if (!index_.answers(life, from, std::min(to, from + gap_max_))) return true;
    if (is_touched(place_of(life.who), from, to) ||
        is_touched({Place::Kind::kLoadBalancer, 0}, from, to)) {
      return true;
    }
    // A page waits for who hangs; who goes elsewhere meanwhile is on the other's next page alone.
    if (does_anybody_hang(from, to)) return true;
    bool has_other = false;  // to go to
    for (const auto& [proxy, lives] : index_.proxies()) {
      if (is_touched(place_of(proxy), from, to)) return true;
      for (const ProxyLife& other : lives) {
        if (&other == &drained_) continue;
        // Who went there waits for that end, unless it was told, a lifetime long.
        for (const base::Instant end : {other.draining, other.ended}) {
          if (end >= from - index_.rules().lifetime && end <= to) return true;
        }
        has_other = has_other || (other.began <= from && other.ended > to);
      }
    }
    return !has_other || std::ranges::any_of(index_.scrapes(), [&](const auto& entry) {
      const Scrape& scrape = entry.second;
      if (scrape.view() != View::kConnected) return false;
      const bool spoilt = scrape.slow || (scrape.answer != nullptr &&
                                          scrape.answer->result == history::ScrapeResult::kAborted);
      return scrape.overlaps(from, to) &&
             (spoilt || is_touched(place_of(scrape.scraper), from, to));
    });
  }

  [[nodiscard]] bool does_anybody_hang(base::Instant from, base::Instant to) const {
    return std::ranges::any_of(index_.lives(), [&](const auto& entry) {
      const auto& [who, life] = entry;
      const bool is_lost = life.end == history::ClientEnd::kLost && life.ended < to &&
                           life.ended + index_.rules().lifetime > from;
      return is_lost || index_.disturbances().paused(place_of(who), from, to) ||
             life.hung_within(from, to);
    });
  }
  [[nodiscard]] bool is_touched(const Place& place, base::Instant from, base::Instant to) const {
    return index_.disturbances().touched_at(place, from - index_.rules().lifetime, to);
  }

  const Index& index_;
  const ProxyLife& drained_;
  Findings& findings_;
  base::Duration gap_max_;
  base::Instant over_;
};

}  // namespace

std::vector<Violation> judge_load(const Index& index) {
  const history::Rules& rules = index.rules();
  Findings findings("L3");
  if (index.healed() == kNever || rules.connection_age == base::Duration::zero()) return {};
  const base::Instant due = index.healed() +
                            rules.connection_age / 100 * (100 + kAgeVariesPercent) +
                            rules.scrape_interval + rules.redial_spread + rules.round_trip_max;
  Loads loads = proxies_between(index, index.healed(), due);
  if (due > index.end() || loads.size() < 2) return {};
  const auto enough = kClientsEach * static_cast<std::int64_t>(loads.size());
  bool was_even = false;
  for (const auto& [at, change] : changes(index, loads)) {
    if (at > due) break;
    // The state that lasted until this change.
    was_even = was_even || (at > index.healed() && total(loads) >= enough && is_even(loads));
    loads[change.first] += change.second;
  }
  if (total(loads) < enough || was_even || is_even(loads)) return {};
  std::ostringstream text;
  for (const auto& [proxy, load] : loads) text << " proxy " << proxy << " has " << load;
  findings.add(due, "clients are spread unevenly since ", index.seconds(index.healed()), ":",
               text.str());
  return findings.take();
}

std::vector<Violation> judge_drains(const Index& index) {
  Findings findings("L4");
  for (const auto& [proxy, lives] : index.proxies()) {
    for (const ProxyLife& life : lives) {
      if (life.draining != kNever) DrainJudge(index, life, findings).judge();
    }
  }
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle
