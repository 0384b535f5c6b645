#include <algorithm>
#include <iterator>
#include <set>
#include <variant>

#include "sim/oracle/findings.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

constexpr base::Duration kWindow = std::chrono::seconds(1);
constexpr double kFalseAlarm = 1e-9;  // of one window
// How long a load balancer may keep a client waiting for proxies that do not answer, since they
// were lost with their hosts or something is broken there: two of them, HAProxy's `timeout connect`
// each.
constexpr base::Duration kBalancerPatience = std::chrono::seconds(10);

// A proxy that lost its clients.
struct Loss {
  ProxyId proxy;
  base::Instant at;
  base::Instant over;            // by then they have dialled again, or it is their backoff's turn
  std::set<Incarnation> herd{};  // its clients of ours, their connections stable
};

std::vector<Loss> losses(const Index& index) {
  const history::Rules& rules = index.rules();
  std::vector<Loss> all;
  for (const auto& [proxy, lives] : index.proxies()) {
    for (const ProxyLife& life : lives) {
      Loss loss{proxy, std::min(life.draining, life.ended), {}};
      if (loss.at == kNever) continue;
      loss.over = (life.draining == kNever ? loss.at : loss.at + rules.shutdown_grace) +
                  rules.redial_spread + rules.round_trip_max;
      for (const auto& [who, client] : index.lives()) {
        const Session* const session = client.session_at(loss.at);
        if (client.ours() && session != nullptr && session->proxy == proxy &&
            loss.at - session->began >= rules.stable_time) {
          loss.herd.insert(who);
        }
      }
      // Who arrives after a proxy that nobody lost is on nobody's run.
      if (!loss.herd.empty()) all.push_back(std::move(loss));
    }
  }
  return all;
}

class HerdJudge {
 public:
  HerdJudge(const Index& index, const Loss& loss, Findings& findings)
      : index_(index), loss_(loss), findings_(findings) {
    for (const history::Entry& entry : index.entries()) {
      if (std::holds_alternative<history::HostileDialled>(entry.what)) {
        strangers_.push_back(entry.at);
      }
      const auto* const accepted = std::get_if<history::Accepted>(&entry.what);
      if (accepted == nullptr || accepted->proxy == loss.proxy || entry.at <= loss.at) continue;
      if (entry.at > loss.over) continue;
      arrivals_.push_back({entry.at, accepted->proxy});
    }
    for (const auto& [who, life] : index.lives()) {
      if (loss.herd.contains(who)) continue;
      for (const Attempt& attempt : life.attempts) {
        if (attempt.kind == Attempt::Kind::kBegan) strangers_.push_back(attempt.at);
      }
    }
    std::ranges::sort(strangers_);
  }

  // One finding a loss: the windows after the first bad one are mostly the same.
  void judge() {
    const std::uint64_t limit = herd_limit(loss_.herd.size(), index_.rules().redial_spread);
    for (auto first = arrivals_.begin(); first != arrivals_.end(); ++first) {
      const auto last =
          std::ranges::upper_bound(first, arrivals_.end(), first->at + kWindow, {}, &Arrival::at);
      const auto count = static_cast<std::uint64_t>(std::distance(first, last));
      const std::uint64_t others = strangers_near(first->at);
      if (count <= limit + others || is_excused(first, last)) continue;
      findings_.add(first->at, "proxy ", loss_.proxy, " left its ", loss_.herd.size(),
                    " clients at ", index_.seconds(loss_.at), ", and others accept ", count,
                    " within a second, of them at most ", others, " from elsewhere: more than ",
                    limit);
      return;
    }
  }

 private:
  struct Arrival {
    base::Instant at;
    ProxyId proxy;
  };
  using At = std::vector<Arrival>::const_iterator;

  [[nodiscard]] std::uint64_t strangers_near(base::Instant from) const {
    base::Instant since = from - index_.rules().round_trip_max;
    if (is_one_mute(from)) since -= kBalancerPatience;
    const auto first = std::ranges::lower_bound(strangers_, since);
    return static_cast<std::uint64_t>(
        std::distance(first, std::ranges::upper_bound(strangers_, from + kWindow)));
  }

  [[nodiscard]] bool is_one_mute(base::Instant at) const {
    return std::ranges::any_of(index_.proxies(), [&](const auto& entry) {
      const bool is_lost = std::ranges::any_of(entry.second, [at](const ProxyLife& life) {
        return life.end == history::ProxyEnd::kLost && life.ended <= at;
      });
      return is_lost ||
             index_.disturbances().touched_at(place_of(entry.first), at - kBalancerPatience, at);
    });
  }

  [[nodiscard]] bool is_excused(At first, At last) const {
    std::set<ProxyId> accepting;
    for (auto at = first; at != last; ++at) accepting.insert(at->proxy);
    const base::Instant to = first->at + kWindow;
    const Disturbances& disturbances = index_.disturbances();
    return disturbances.touched_at({Place::Kind::kLoadBalancer, 0}, first->at, to) ||
           std::ranges::any_of(accepting, [&](ProxyId proxy) {
             return disturbances.touched_at(place_of(proxy), first->at, to);
           });
  }

  const Index& index_;
  const Loss& loss_;
  Findings& findings_;
  std::vector<Arrival> arrivals_;
  std::vector<base::Instant> strangers_;  // dials of clients that are not of the herd
};

}  // namespace

// A second is looked at when a client arrives at its beginning, so that it is about the n - 1
// others: the quantile of the binomial distribution, by its terms from the top down.
std::uint64_t herd_limit(std::uint64_t clients, base::Duration spread) {
  const std::uint64_t fair = 2 * clients / 5;
  if (clients == 0 || spread <= kWindow) return std::max(fair, clients);
  const double p = static_cast<double>(kWindow.count()) / static_cast<double>(spread.count());
  const auto n = static_cast<double>(clients - 1);
  double term = 1;  // p^n: all others
  for (std::uint64_t i = 1; i < clients; ++i) term *= p;
  double tail = 0;
  std::uint64_t others = clients - 1;
  while (others > 0 && tail + term < kFalseAlarm) {
    tail += term;
    const auto k = static_cast<double>(others);
    term *= k / (n - k + 1) * (1 - p) / p;
    --others;
  }
  return std::max(fair, others + 1);
}

std::vector<Violation> judge_herd(const Index& index) {
  Findings findings("11-herd");
  for (const Loss& loss : losses(index)) HerdJudge(index, loss, findings).judge();
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle
