#include <algorithm>
#include <set>

#include "sim/oracle/findings.h"
#include "sim/oracle/push_showing.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

// ---- L1

class HomeJudge {
 public:
  HomeJudge(const Index& index, Findings& findings) : index_(index), findings_(findings) {
    const history::Rules& rules = index.rules();
    from_ = index.healed() + rules.lifetime +
            rules.max_backoff / 100 * (100 + rules.jitter_percent) + rules.redial_spread +
            rules.round_trip_max + rules.scrape_interval;
    until_ = index.end();
    // Whoever runs the scenario may end it in an orderly way.
    for (const auto& [proxy, lives] : index.proxies()) {
      for (const ProxyLife& life : lives) {
        for (const base::Instant at : {life.draining, life.ended}) {
          if (at > index.healed()) until_ = std::min(until_, at);
        }
      }
    }
  }

  void judge() {
    if (until_ < from_ + index_.rules().scrape_interval) return;
    for (const auto& [id, scrape] : index_.scrapes()) {
      if (scrape.view() != View::kConnected) continue;
      if (is_broken(scrape.proxy) || is_broken(scrape.scraper)) continue;
      someone_asks_ = true;
      if (scrape.good() && !scrape.doubtful && scrape.began >= from_) pages_.push_back(&scrape);
    }
    std::ranges::stable_sort(pages_, {}, &Scrape::began);
    if (someone_asks_ && pages_.empty()) {
      findings_.add(until_, "no good page since ", index_.seconds(from_));
      return;
    }
    for (const auto& [who, life] : index_.lives()) {
      if (life.ours() && someone_asks_) judge(life);
    }
  }

 private:
  template <class Who>
  [[nodiscard]] bool is_broken(const Who& who) const {
    return index_.disturbances().is_broken(place_of(who));
  }

  void judge(const Life& life) {
    const base::Instant until = last_moment(life);
    if (until < from_ + index_.rules().scrape_interval || !is_judged(life, until)) return;
    if (index_.rules().connection_age > base::Duration::zero()) {
      judge_gaps(life, until);
    } else {
      judge_home(life, until);
    }
  }

  // Until when it has to be there.
  [[nodiscard]] base::Instant last_moment(const Life& life) const {
    base::Instant until = std::min(until_, life.ended);
    for (const Push& push : life.pushes) until = std::min(until, push.began);
    return until - index_.rules().round_trip_max;
  }

  [[nodiscard]] bool is_judged(const Life& life, base::Instant until) const {
    if (is_broken(life.who) || life.began > index_.healed()) return false;
    const bool hung = life.hung_within(from_ - index_.rules().scrape_interval, until);
    return !hung && std::ranges::none_of(life.sessions, [&](const Session& session) {
      return session.proxy && is_broken(*session.proxy) && session.overlaps(from_, until);
    });
  }

  void judge_home(const Life& life, base::Instant until) {
    std::set<ProxyId> homes;
    for (const Scrape* page : pages_) {
      if (page->ended <= until && page->shows_live(life.who) != nullptr) homes.insert(page->proxy);
    }
    if (homes.empty()) {
      findings_.add(until, "client ", life.who, " is on no page since ", index_.seconds(from_));
    }
    if (homes.size() > 1) {
      findings_.add(until, "client ", life.who, " is on pages of proxies ", *homes.begin(), " and ",
                    *homes.rbegin(), " since ", index_.seconds(from_));
    }
    if (homes.size() != 1) return;
    for (const Scrape* page : pages_) {
      if (page->proxy != *homes.begin() || page->ended > until ||
          page->shows_live(life.who) != nullptr) {
        continue;
      }
      findings_.add(page->ended, "client ", life.who, " is not on scrape ", page->id, " of proxy ",
                    page->proxy, ", where it is at home");
      return;
    }
  }

  void judge_gaps(const Life& life, base::Instant until) {
    const history::Rules& rules = index_.rules();
    base::Instant last = from_;
    const auto judge = [&](base::Instant next, base::Duration timeout) {
      const base::Duration gap_max =
          rules.scrape_interval + rules.redial_spread + rules.round_trip_max + timeout;
      if (next <= last + gap_max) return true;
      findings_.add(next, "client ", life.who, " is on no page from ", index_.seconds(last), " to ",
                    index_.seconds(next));
      return false;
    };
    base::Duration timeout{};
    for (const Scrape* page : pages_) {
      timeout = std::max(timeout, page->timeout);
      if (page->ended > until || page->shows_live(life.who) == nullptr) continue;
      if (!judge(page->began, timeout)) return;
      last = page->began;
    }
    static_cast<void>(judge(until, timeout));
  }

  const Index& index_;
  Findings& findings_;
  base::Instant from_;
  base::Instant until_;
  bool someone_asks_ = false;
  std::vector<const Scrape*> pages_;  // good ones since from_, by their beginning
};

// ---- L2

void judge_held_push(const Index& index, const HeldPush& held, const PushReader& reader,
                     Findings& findings) {
  const history::Rules& rules = index.rules();
  const ScraperView view(index, held.proxy, reader);
  const base::Instant from = std::max(index.healed(), held.visible + kPullSharing);
  const base::Instant due = from + rules.scrape_interval + rules.round_trip_max;
  if (due > index.end()) return;
  bool was_due = false;
  for (const Scrape* scrape : view.between(from, due)) {
    if (scrape->answer == nullptr) return;  // the run ended with it under way
    was_due = was_due || (!scrape->spoilt() && view.is_owed(held, *scrape));
  }
  const ProxyLife* const proxy = index.proxy_at(held.proxy, held.stored);
  if (!was_due || view.was_shown(held, due) || proxy == nullptr || proxy->ended <= due ||
      proxy->draining <= due) {
    return;
  }
  const auto path = index.path(reader.scraper, held.proxy);
  if (index.disturbances().touched(path, from + rules.round_trip_max, due)) return;
  findings.add(due, "push ", held.push->sequence, " of client ", held.life->who, ", held by proxy ",
               held.proxy, ", is on no page for ", reader, " from ", index.seconds(from), " to ",
               index.seconds(due));
}

}  // namespace

std::vector<Violation> judge_homes(const Index& index) {
  Findings findings("L1");
  if (index.healed() != kNever) HomeJudge(index, findings).judge();
  return findings.take();
}

std::vector<Violation> judge_held_pushes(const Index& index) {
  Findings findings("L2");
  if (index.healed() == kNever) return {};
  for (const HeldPush& held : held_pushes(index)) {
    if (held.visible == kNever) continue;
    for (const PushReader& reader : push_readers_of(index, held.proxy)) {
      judge_held_push(index, held, reader, findings);
    }
  }
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle
