#include <algorithm>

#include "sim/oracle/findings.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

// From when on a scrape of this proxy that begins must not show it.
base::Instant gone_from(const Index& index, const Life& life, ProxyId proxy) {
  if (!life.end) return kNever;
  const base::Duration round_trip = index.rules().round_trip_max;
  const base::Instant told = life.ended + round_trip + kPullSharing;
  const auto path = index.path(life.who, proxy);
  const base::Instant since =
      std::max(life.began, life.ended - index.rules().lifetime - round_trip);
  const bool silent =
      *life.end == history::ClientEnd::kLost || index.disturbances().touched(path, since, told);
  return silent ? told + index.rules().lifetime + index.rules().scrape_interval : told;
}

}  // namespace

std::vector<Violation> judge_gone(const Index& index) {
  Findings findings("3-gone");
  for (const auto& [id, scrape] : index.scrapes()) {
    if (scrape.doubtful) continue;
    for (const Shown& shown : scrape.shown) {
      if (shown.push != nullptr || shown.life == nullptr) continue;
      if (scrape.began < gone_from(index, *shown.life, scrape.proxy)) continue;
      findings.add(scrape.ended, "scrape ", id, " of proxy ", scrape.proxy, " began at ",
                   index.seconds(scrape.began), " and shows client ", shown.who,
                   ", which ended at ", index.seconds(shown.life->ended));
    }
  }
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle
