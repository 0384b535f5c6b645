// Which pushes a proxy held, from when they could be shown, and which page owes them to whom.
#pragma once

#include <compare>
#include <iosfwd>
#include <vector>

#include "sim/oracle/index.h"

namespace prometheus_rsocket::sim::oracle {

// What makes a scraper delay a release, and how long after a start nothing is released early.
// Whoever delays for the 10 min of --push.ttl has had good pages meanwhile, and was owed it on the
// first.
inline constexpr base::Duration kRegularWindow = std::chrono::minutes(5);
inline constexpr std::size_t kScrapersTracked = 16;

struct HeldPush {
  const Life* life = nullptr;
  const Push* push = nullptr;
  const Session* session = nullptr;  // on which it came
  ProxyId proxy;                     // where that led, and who stored it
  base::Instant stored;
  // From when on a scrape has to show it: the proxy knows that the connection ended.
  base::Instant visible = kNever;
};

// One for each connection that pushed: the last stored push of it.
[[nodiscard]] std::vector<HeldPush> held_pushes(const Index& index);

// One that pushes are shown to: the same scraper on both views counts as two.
struct PushReader {
  ScraperId scraper;
  View view{};
  friend auto operator<=>(const PushReader&, const PushReader&) = default;
};
// `scraper 3`, `scraper 3 on /metrics/pushes`
std::ostream& operator<<(std::ostream& out, const PushReader& reader);

// The scrapes that one of them made of one proxy.
class ScraperView {
 public:
  ScraperView(const Index& index, ProxyId proxy, const PushReader& reader);

  // Those that began in [from, to], by that.
  [[nodiscard]] std::vector<const Scrape*> between(base::Instant from, base::Instant to) const;
  // Whether a good page that began by then shows it.
  [[nodiscard]] bool was_shown(const HeldPush& held, base::Instant by) const;
  // Whether this page, if it is good, has to show it, if none before did (rules.h, 5).
  [[nodiscard]] bool is_owed(const HeldPush& held, const Scrape& scrape) const;

 private:
  [[nodiscard]] bool is_under_way_elsewhere(const HeldPush& held, const Scrape& scrape) const;
  [[nodiscard]] bool delays(base::Instant from, base::Instant to) const;

  const Index& index_;
  ProxyId proxy_;
  ScraperId scraper_;
  std::vector<const Scrape*> scrapes_;
};

// Who scraped a proxy's pages that show pushes.
[[nodiscard]] std::vector<PushReader> push_readers_of(const Index& index, ProxyId proxy);

}  // namespace prometheus_rsocket::sim::oracle
