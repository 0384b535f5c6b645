#include <algorithm>
#include <optional>

#include "sim/oracle/findings.h"
#include "sim/oracle/naming.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

constexpr int kGood = 200;
constexpr int kNotFound = 404;
constexpr int kMalformed = 502;
constexpr int kTooLate = 504;

class StatusJudge {
 public:
  StatusJudge(const Index& index, const Naming& naming, const Scrape& scrape, Findings& findings)
      : index_(index),
        naming_(naming),
        scrape_(scrape),
        findings_(findings),
        from_(scrape.began - kPullSharing) {}

  void judge() {
    const int status = scrape_.answer->status;
    const InstanceId name = *scrape_.page.name;
    if (status != kGood && status != kNotFound && status != kMalformed && status != kTooLate) {
      return add("one of 200, 404, 502 and 504");
    }
    const auto listing = naming_.must_be_listed(name, scrape_.proxy, scrape_.began, scrape_.ended);
    if (listing == Naming::Listing::kDeparted && status != kTooLate) return add("504: it vanished");
    if (listing == Naming::Listing::kConnected && status == kNotFound) {
      return add("not 404: it is connected");
    }
    if (!naming_.may_be_listed(name, scrape_.proxy, scrape_.began, scrape_.ended) &&
        status != kNotFound) {
      return add("404: nobody has that name");
    }
    judge_answer(status, name);
  }

 private:
  // What whoever may be asked answers, if all of them would do the same.
  void judge_answer(int status, InstanceId name) {
    const auto all = naming_.connected(name, scrape_.proxy, from_, scrape_.ended);
    if (all.empty()) {
      if (status == kGood || status == kMalformed) add("not it: nobody of that name is connected");
      return;
    }
    std::optional<int> due;
    for (const Claim* claim : all) {
      const std::optional<int> its = answer_of(*claim);
      if (!its || due.value_or(*its) != *its) return;
      due = its;
    }
    if (status == *due) return;
    const char* const why = *due == kGood      ? "200: it answers"
                            : *due == kTooLate ? "504: it hangs"
                                               : "502: what it answers is malformed";
    add(why);
  }

  [[nodiscard]] std::optional<int> answer_of(const Claim& claim) const {
    if (naming_.is_healthy(claim, from_, scrape_.ended)) return kGood;
    const Life& life = *claim.life;
    const bool is_there =
        claim.leads_here && index_.is_sound(life, *claim.session, from_, scrape_.ended) &&
        life.pushes.empty() && life.ended > scrape_.ended + index_.rules().round_trip_max;
    if (!is_there) return std::nullopt;
    const base::Duration round_trip = index_.rules().round_trip_max;
    const auto lasts = [&](const std::vector<Period>& periods) {
      return std::ranges::any_of(periods, [&](const Period& one) {
        return one.began + round_trip <= from_ && one.ended >= scrape_.ended + round_trip;
      });
    };
    if (lasts(life.hung)) return kTooLate;
    const bool hangs = life.hung_within(from_ - round_trip, scrape_.ended);
    return lasts(life.garbled) && !hangs ? std::optional(kMalformed) : std::nullopt;
  }

  void add(std::string_view due) {
    findings_.add(scrape_.ended, "scrape ", scrape_.id, " of proxy ", scrape_.proxy, ", the ",
                  scrape_.page, ", ", index_.seconds(scrape_.began), " to ",
                  index_.seconds(scrape_.ended), ", has status ", scrape_.answer->status,
                  ", and should have ", due);
  }

  const Index& index_;
  const Naming& naming_;
  const Scrape& scrape_;
  Findings& findings_;
  base::Instant from_;
};

}  // namespace

std::vector<Violation> judge_statuses(const Index& index) {
  Findings findings("I3-status");
  const Naming naming(index);
  for (const auto& [id, scrape] : index.scrapes()) {
    if (scrape.view() != View::kClient || !scrape.page.name || !scrape.whole()) continue;
    if (scrape.doubtful || naming.is_doubtful(scrape.ended)) continue;
    // It was another life's that answered, or one that has not heard of anybody yet.
    const ProxyLife* const proxy = index.proxy_at(scrape.proxy, scrape.ended);
    if (proxy == nullptr || proxy->began > scrape.began) continue;
    StatusJudge(index, naming, scrape, findings).judge();
  }
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle
