#include "sim/oracle/oracle.h"

#include <algorithm>
#include <array>
#include <ostream>

#include "base/check.h"
#include "sim/oracle/index.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

constexpr std::array kOracles = {
    Oracle{"1-provenance", "what a page shows a client wrote, whole", false, judge_provenance},
    Oracle{"2-freshness", "live samples are of this scrape", false, judge_freshness},
    Oracle{"3-gone", "no live samples of a client that is gone", false, judge_gone},
    Oracle{"4-newest", "one incarnation of an instance, the newest", false, judge_newest},
    Oracle{"5-pushes", "acknowledged pushes are shown to every scraper, once", false, judge_pushes},
    Oracle{"6-stored", "nothing is acknowledged before it is stored", false,
           judge_acknowledgements},
    Oracle{"7-keys", "payloads are sealed for keys of their own connection", false, judge_keys},
    Oracle{"8-scrapes", "scrapes end in time with every healthy client", false, judge_scrapes},
    Oracle{"9-resources", "what is used is bounded, and given back", false, judge_resources},
    Oracle{"10-backoff", "clients dial again neither too soon nor too late", false, judge_backoff},
    Oracle{"11-herd", "clients that lose their proxy do not arrive together", false, judge_herd},
    Oracle{"12-push-time", "a push returns within its time", false, judge_push_times},
    Oracle{"13-metrics", "the proxy's own metrics are true", false, judge_metrics},
    Oracle{"I1-identity", "an ID's page is of who has that name", false, judge_identities},
    Oracle{"I2-lists", "lists have every client, once, and nobody else", false, judge_lists},
    Oracle{"I3-status", "a client's page says what became of it", false, judge_statuses},
    Oracle{"I4-addresses", "addresses that are told are true", false, judge_addresses},
    Oracle{"I5-kept", "no good connection is ended for another", false, judge_kept},
    Oracle{"L1", "every healthy client finds one home", true, judge_homes},
    Oracle{"L2", "held pushes are shown soon", true, judge_held_pushes},
    Oracle{"L3", "load is spread evenly", true, judge_load},
    Oracle{"L4", "a drain costs nobody samples", true, judge_drains},
    Oracle{"L5", "nothing spins", true, judge_idling},
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Violation& violation) {
  const auto us =
      std::chrono::duration_cast<std::chrono::microseconds>(violation.at.time_since_epoch())
          .count();
  const std::string digits = std::to_string(us % 1'000'000 + 1'000'000);
  return out << violation.oracle << " at " << us / 1'000'000 << "." << digits.substr(1)
             << " s: " << violation.what;
}

std::span<const Oracle> oracles() { return kOracles; }

const Oracle& oracle_named(std::string_view name) {
  const auto* const found = std::ranges::find(kOracles, name, &Oracle::name);
  CHECK(found != kOracles.end(), "no oracle has this name");
  return *found;
}

std::vector<Violation> judge(const history::History& history) {
  const Index index(history);
  std::vector<Violation> all;
  for (const Oracle& oracle : kOracles) {
    for (Violation& violation : oracle.judge(index)) all.push_back(std::move(violation));
  }
  std::ranges::stable_sort(all, {}, &Violation::at);
  return all;
}

}  // namespace prometheus_rsocket::sim::oracle
