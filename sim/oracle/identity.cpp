#include <algorithm>
#include <array>
#include <set>

#include "sim/oracle/findings.h"
#include "sim/oracle/naming.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

// ---- I1

class PageJudge {
 public:
  PageJudge(const Index& index, const Naming& naming, const Scrape& scrape, Findings& findings)
      : index_(index), naming_(naming), scrape_(scrape), findings_(findings) {}

  void judge() {
    std::set<Incarnation> whose;
    for (const Shown& shown : scrape_.shown) {
      if (shown.life == nullptr || shown.doubtful) continue;
      const bool is_push = shown.push != nullptr;
      if (is_push != (scrape_.view() == View::kPushes)) {
        add(is_push ? "a push of client " : "live samples of client ", shown.who);
      } else if (scrape_.view() == View::kClient) {
        whose.insert(shown.who);
        judge(*shown.life);
      }
    }
    if (scrape_.view() == View::kClient && scrape_.page.name && whose.empty()) {
      findings_.add(scrape_.ended, "scrape ", scrape_.id, " of proxy ", scrape_.proxy, ", the ",
                    scrape_.page, ", shows nobody");
    }
    if (whose.size() > 1) add("samples of several, of them client ", *whose.rbegin());
  }

 private:
  void add(std::string_view what, const Incarnation& who) {
    findings_.add(scrape_.ended, "scrape ", scrape_.id, " of proxy ", scrape_.proxy, ", the ",
                  scrape_.page, ", shows ", what, who);
  }

  void judge(const Life& life) {
    if (!scrape_.page.name) {
      const bool is_its =
          !life.ours() && (!has_own_address() || scrape_.page.at == place_of(life.who));
      if (!is_its) add("samples of client ", life.who);
      return;
    }
    if (!life.ours() || life.name != *scrape_.page.name) return add("samples of client ", life.who);
    if (const Claim* const older = older_than(life)) {
      findings_.add(scrape_.ended, "scrape ", scrape_.id, " of proxy ", scrape_.proxy, ", the ",
                    scrape_.page, ", shows samples of client ", life.who, ", though client ",
                    older->life->who, " has had that name there since ",
                    index_.seconds(older->session->keyed));
    }
  }

  // Whether the address of a client without a name is told, and not its load balancer's.
  [[nodiscard]] bool has_own_address() const {
    return scrape_.page.at && scrape_.page.at->kind != Place::Kind::kLoadBalancer;
  }

  // Another of that name that was there before, all the time, and well.
  [[nodiscard]] const Claim* older_than(const Life& shown) const {
    const auto all =
        naming_.connected(shown.name, scrape_.proxy, scrape_.began - kPullSharing, scrape_.ended);
    base::Instant first = kNever;
    for (const Claim* claim : all) {
      if (claim->life == &shown) first = std::min(first, claim->connected.began);
    }
    if (first == kNever) return nullptr;  // oracle 1's or 3's
    const base::Duration round_trip = index_.rules().round_trip_max;
    for (const Claim* claim : all) {
      if (claim->life == &shown || claim->session->keyed + round_trip > first) continue;
      if (naming_.is_healthy(*claim, std::min(first, scrape_.began), scrape_.ended)) return claim;
    }
    return nullptr;
  }

  const Index& index_;
  const Naming& naming_;
  const Scrape& scrape_;
  Findings& findings_;
};

// ---- I5

constexpr base::Duration kProbeTime = std::chrono::seconds(1);  // design.md, "Identity"
// While it answers late what it was asked, a connection that lost its name is still there.
constexpr base::Duration kLateMax = std::chrono::seconds(30);

// Whether something ended it that may.
bool may_end(const Index& index, const Life& life, const Session& session) {
  const history::Rules& rules = index.rules();
  const base::Duration round_trip = rules.round_trip_max;
  const base::Instant at = session.ended;
  if (life.ended <= at || life.was_leaving || !life.pushes.empty()) return true;
  if (life.end == history::ClientEnd::kLeft && life.ended <= at + round_trip) return true;
  const bool is_gone_elsewhere = std::ranges::any_of(life.attempts, [&](const Attempt& attempt) {
    return attempt.kind == Attempt::Kind::kGone && attempt.connection == session.number;
  });
  if (is_gone_elsewhere || life.hung_within(at - kLateMax, at)) return true;
  const ProxyLife* const proxy = index.proxy_at(*session.proxy, session.keyed);
  if (proxy == nullptr || proxy->ended <= at + round_trip || proxy->draining <= at) return true;
  const bool has_another = std::ranges::any_of(life.sessions, [&](const Session& other) {
    return other.began > session.began && other.began <= at;
  });
  if (has_another) return true;
  const base::Instant since = std::max(session.began, at - rules.lifetime - round_trip);
  return index.disturbances().touched(index.path(life.who, *session.proxy), since, at);
}

}  // namespace

std::vector<Violation> judge_identities(const Index& index) {
  Findings findings("I1-identity");
  const Naming naming(index);
  for (const auto& [id, scrape] : index.scrapes()) {
    const bool is_apart = scrape.view() != View::kConnected;
    if (!is_apart || !scrape.good() || scrape.doubtful || naming.is_doubtful(scrape.ended))
      continue;
    PageJudge(index, naming, scrape, findings).judge();
  }
  return findings.take();
}

std::vector<Violation> judge_kept(const Index& index) {
  Findings findings("I5-kept");
  if (index.rules().connection_age > base::Duration::zero() ||
      index.rules().answer_max >= kProbeTime) {
    return {};
  }
  for (const auto& [who, life] : index.lives()) {
    if (!life.ours()) continue;
    for (const Session& session : life.sessions) {
      if (session.end != Session::End::kClosed || !session.proxy) continue;
      if (may_end(index, life, session)) continue;
      findings.add(session.ended, "client ", who, " lost its connection with proxy ",
                   *session.proxy, ", there since ", index.seconds(session.began),
                   ", though nothing was wrong with it");
    }
  }
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle
