#include <algorithm>

#include "sim/oracle/findings.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

constexpr std::ptrdiff_t kScrapesAtOnce = 4;  // --scrape.max-concurrent (design.md)
// How long those who were late twice are waited for once all others are in (promise 1).
constexpr base::Duration kTardyGrace = std::chrono::milliseconds(250);
constexpr std::size_t kTardyAfter = 2;
// How long a proxy that ends waits for what idle scrapers tell of their last answers.
constexpr base::Duration kGoodbye = std::chrono::seconds(1);

class ScrapeJudge {
 public:
  ScrapeJudge(const Index& index, const Scrape& scrape, Findings& findings)
      : index_(index), scrape_(scrape), findings_(findings) {}

  void judge() {
    const base::Instant due = scrape_.began + scrape_.timeout;
    if (scrape_.answer == nullptr) {
      if (index_.end() > due) add(index_.end(), "has not ended");
      return;
    }
    if (scrape_.ended > due) add(scrape_.ended, "ended after its timeout");
    const bool has_failed = scrape_.view() == View::kClient ? !scrape_.whole() : !scrape_.good();
    if (has_failed && !may_fail()) add(scrape_.ended, "failed");
    if (has_failed || scrape_.view() != View::kConnected || scrape_.doubtful) return;
    for (const auto& [who, life] : index_.lives()) judge(life);
  }

 private:
  void add(base::Instant at, std::string_view what) {
    const int status = scrape_.answer == nullptr ? 0 : scrape_.answer->status;
    findings_.add(at, "scrape ", scrape_.id, " of proxy ", scrape_.proxy, " by scraper ",
                  scrape_.scraper, ", begun at ", index_.seconds(scrape_.began), ", ", what,
                  " (status ", status, ")");
  }

  [[nodiscard]] bool may_fail() const {
    const base::Duration round_trip = index_.rules().round_trip_max;
    if (scrape_.spoilt()) return true;
    const ProxyLife* const proxy = index_.proxy_at(scrape_.proxy, scrape_.began);
    if (proxy == nullptr || scrape_.began < proxy->began + round_trip ||
        proxy->ended <= scrape_.ended || is_saying_goodbye(*proxy)) {
      return true;
    }
    const auto path = index_.path(scrape_.scraper, scrape_.proxy);
    if (index_.disturbances().touched(path, scrape_.began, scrape_.ended)) return true;
    return (scrape_.answer->status == 503 && is_crowded()) || comes_after_a_crash(*proxy);
  }

  // Nobody is answered any more, although the proxy lives.
  [[nodiscard]] bool is_saying_goodbye(const ProxyLife& proxy) const {
    return scrape_.answer->status == 0 && proxy.draining <= scrape_.ended &&
           proxy.ended <= scrape_.ended + kGoodbye + index_.rules().round_trip_max;
  }

  [[nodiscard]] bool is_crowded() const {
    const base::Instant to = scrape_.ended + index_.rules().round_trip_max;
    return std::ranges::count_if(index_.scrapes_of(scrape_.proxy), [&](const Scrape* other) {
             return other != &scrape_ && other->view() != View::kClient &&
                    other->overlaps(scrape_.began, to);
           }) >= kScrapesAtOnce;
  }

  // Whether the scraper may have asked over a connection to a process that is no more.
  [[nodiscard]] bool comes_after_a_crash(const ProxyLife& proxy) const {
    const Scrape* before = nullptr;
    for (const Scrape* other : index_.scrapes_of(scrape_.proxy)) {
      if (other->scraper != scrape_.scraper || other->page != scrape_.page) continue;
      if (other->began < scrape_.began) before = other;
    }
    if (before == nullptr || before->began >= proxy.began) return false;
    const ProxyLife* const earlier = index_.proxy_at(scrape_.proxy, before->began);
    return earlier != nullptr && earlier->end != history::ProxyEnd::kExited;
  }

  void judge(const Life& life) {
    if (scrape_.shows_live(life.who) != nullptr) return;
    const base::Instant from = scrape_.began - kPullSharing;
    for (const Session& session : life.sessions) {
      if (session.proxy != scrape_.proxy) continue;
      if (!index_.is_sound(life, session, from, scrape_.ended) ||
          !index_.answers(life, from, scrape_.ended) || may_be_late(life, session)) {
        continue;
      }
      findings_.add(scrape_.ended, "scrape ", scrape_.id, " of proxy ", scrape_.proxy, ", ",
                    index_.seconds(scrape_.began), " to ", index_.seconds(scrape_.ended),
                    ", lacks client ", life.who, ", connected since ",
                    index_.seconds(session.began));
    }
  }

  // It was late twice, and is now not waited for as long as it may need.
  [[nodiscard]] bool may_be_late(const Life& life, const Session& session) const {
    if (index_.rules().round_trip_max <= kTardyGrace) return false;
    std::size_t missed = 0;
    const auto& all = index_.scrapes_of(scrape_.proxy);
    for (auto other = all.rbegin(); other != all.rend() && missed < kTardyAfter; ++other) {
      if (!tells_of(**other, life)) continue;
      if ((*other)->began < session.keyed || (*other)->shows_live(life.who) != nullptr) break;
      ++missed;
    }
    return missed == kTardyAfter;
  }

  // Whether that page, if the client is not on it, was too late for it.
  [[nodiscard]] bool tells_of(const Scrape& other, const Life& life) const {
    const bool is_before = other.ended <= scrape_.began;
    if (other.view() == View::kConnected) return is_before && other.good();
    if (other.view() != View::kClient || !other.whole()) return false;
    const bool is_its = life.ours() ? other.page.name == life.name : !other.page.name;
    // That it is late is known before the scraper hears of it.
    const bool was_late =
        other.answer->status == 504 && other.ended <= scrape_.began + index_.rules().round_trip_max;
    return is_its && (was_late || (is_before && other.good()));
  }

  const Index& index_;
  const Scrape& scrape_;
  Findings& findings_;
};

}  // namespace

std::vector<Violation> judge_scrapes(const Index& index) {
  Findings findings("8-scrapes");
  for (const auto& [id, scrape] : index.scrapes()) ScrapeJudge(index, scrape, findings).judge();
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle
