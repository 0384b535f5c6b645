#include <map>

#include "sim/oracle/findings.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

// A newer incarnation that this scrape should have shown instead; or nothing.
const Life* newer_there(const Index& index, const Scrape& scrape, const Incarnation& than) {
  const auto& lives = index.lives();
  for (auto at = lives.upper_bound(than); at != lives.end() && at->first.instance == than.instance;
       ++at) {
    for (const Session& session : at->second.sessions) {
      if (session.proxy == scrape.proxy &&
          index.is_sound(at->second, session, scrape.began - kPullSharing, scrape.ended)) {
        return &at->second;
      }
    }
  }
  return nullptr;
}

}  // namespace

std::vector<Violation> judge_newest(const Index& index) {
  Findings findings("4-newest");
  for (const auto& [id, scrape] : index.scrapes()) {
    if (scrape.doubtful) continue;
    std::map<InstanceId, const Shown*> seen;
    for (const Shown& shown : scrape.shown) {
      if (shown.push != nullptr || shown.doubtful) continue;
      const auto [at, first] = seen.emplace(shown.who.instance, &shown);
      if (!first) {
        const Shown& other = *at->second;
        findings.add(scrape.ended, "scrape ", id, " of proxy ", scrape.proxy, " shows client ",
                     other.who, " sequence ", other.sequence, " and client ", shown.who,
                     " sequence ", shown.sequence);
      }
      const Life* const newer = newer_there(index, scrape, shown.who);
      if (newer == nullptr) continue;
      findings.add(scrape.ended, "scrape ", id, " of proxy ", scrape.proxy, " shows client ",
                   shown.who, " while client ", newer->who, " is connected");
    }
  }
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle
