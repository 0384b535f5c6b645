#include "sim/oracle/findings.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {

std::vector<Violation> judge_freshness(const Index& index) {
  Findings findings("2-freshness");
  for (const auto& [id, scrape] : index.scrapes()) {
    if (scrape.doubtful) continue;
    for (const Shown& shown : scrape.shown) {
      if (shown.push != nullptr || shown.text == nullptr) continue;
      const base::Instant at = shown.text->at;
      if (at >= scrape.began - kPullSharing && at <= scrape.ended) continue;
      findings.add(scrape.ended, "scrape ", id, " of proxy ", scrape.proxy, ", ",
                   index.seconds(scrape.began), " to ", index.seconds(scrape.ended),
                   ", shows what client ", shown.who, " sampled at ", index.seconds(at));
    }
  }
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle
