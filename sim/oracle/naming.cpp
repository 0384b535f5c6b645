#include "sim/oracle/naming.h"

#include <algorithm>
#include <set>
#include <variant>

namespace prometheus_rsocket::sim::oracle {

Naming::Naming(const Index& index) : index_(index) {
  std::set<InstanceId> names;
  for (const auto& [who, life] : index.lives()) {
    if (!life.ours()) continue;
    names.insert(life.name);
    for (const Session& session : life.sessions) {
      for (const auto& [proxy, lives] : index.proxies()) {
        if (session.proxy.value_or(proxy) != proxy) continue;
        claims_[{life.name, proxy}].push_back(claim_of(life, session, proxy));
      }
    }
  }
  for (auto& [whose, claims] : claims_) {
    std::ranges::stable_sort(claims, {}, [](const Claim& one) { return one.session->began; });
  }
  names_.assign(names.begin(), names.end());
  for (const history::Entry& entry : index.entries()) {
    const auto* const fault = std::get_if<history::FaultBegan>(&entry.what);
    const bool changes_bytes =
        fault != nullptr && (fault->effect == history::FaultEffect::kAny ||
                             fault->effect == history::FaultEffect::kCorrupt);
    if (changes_bytes) corrupt_since_ = std::min(corrupt_since_, entry.at);
  }
}

// Its end was told, one way or the other: its path was quiet, and it was not its process that went.
bool Naming::left_by_itself_or_was_sent_away(const Life& life, const Session& session) const {
  if (session.end != Session::End::kClosed || !session.proxy) return false;
  const bool was_last = life.end && life.ended == session.ended;
  if (was_last && index_.rules().goodbyes_may_be_cut) return false;
  const bool died = was_last && *life.end != history::ClientEnd::kLeft;
  const base::Duration round_trip = index_.rules().round_trip_max;
  const base::Instant since =
      std::max(session.began, session.ended - index_.rules().lifetime - round_trip);
  return !died && !index_.disturbances().touched(index_.path(life.who, *session.proxy), since,
                                                 session.ended + round_trip);
}

Claim Naming::claim_of(const Life& life, const Session& session, ProxyId proxy) const {
  const history::Rules& rules = index_.rules();
  Claim claim{&life, &session, session.proxy == proxy, session, kNever, std::nullopt};
  if (session.end == Session::End::kOpen) return claim;
  const auto path = index_.path(life.who, proxy);
  // Where it led nobody knows: then nobody knows who was told, either.
  claim.connected.ended = session.proxy ? index_.end_known(life, session)
                                        : index_.disturbances().quiet_since(path, session.ended) +
                                              rules.lifetime + kTcpPatience + rules.round_trip_max;
  const bool is_told = left_by_itself_or_was_sent_away(life, session);
  claim.listed_until = claim.connected.ended;
  if (!is_told) claim.listed_until += rules.departed_grace + rules.round_trip_max;

  const bool died = life.end && *life.end != history::ClientEnd::kLeft &&
                    life.ended == session.ended && !life.was_leaving && life.pushes.empty();
  const ProxyLife* const lived = index_.proxy_at(proxy, session.ended);
  const base::Instant until = session.ended + rules.departed_grace;
  const base::Instant since =
      std::max(session.began, session.ended - rules.lifetime - rules.round_trip_max);
  const bool is_certain = died && claim.leads_here && lived != nullptr &&
                          session.keyed + rules.round_trip_max <= session.ended &&
                          session.keyed >= lived->began && lived->ended > until &&
                          lived->draining > until &&
                          rules.connection_age == base::Duration::zero() &&
                          !index_.disturbances().touched(path, since, claim.connected.ended);
  if (is_certain) {
    claim.departed.emplace();
    claim.departed->began = session.ended;
    claim.departed->ended = until;
  }
  return claim;
}

std::vector<const Claim*> Naming::claims(InstanceId name, ProxyId proxy, base::Instant at) const {
  std::vector<const Claim*> found;
  const auto all = claims_.find({name, proxy});
  if (all == claims_.end()) return found;
  const auto replaces = [&](const Claim& newer, const Claim& older) {
    return newer.life == older.life && newer.leads_here && older.leads_here &&
           older.session->keyed <= newer.session->began &&
           newer.session->began > older.session->began &&
           newer.session->keyed + index_.rules().round_trip_max <= at;
  };
  for (const Claim& claim : all->second) {
    const bool is_replaced = std::ranges::any_of(
        all->second, [&](const Claim& other) { return replaces(other, claim); });
    if (!is_replaced) found.push_back(&claim);
  }
  return found;
}

std::vector<const Claim*> Naming::connected(InstanceId name, ProxyId proxy, base::Instant from,
                                            base::Instant to) const {
  std::vector<const Claim*> found = claims(name, proxy, from);
  std::erase_if(found, [&](const Claim* claim) { return !claim->connected.overlaps(from, to); });
  return found;
}

bool Naming::is_healthy(const Claim& claim, base::Instant from, base::Instant to) const {
  return claim.leads_here && index_.is_sound(*claim.life, *claim.session, from, to) &&
         index_.answers(*claim.life, from - index_.rules().round_trip_max, to);
}

bool Naming::may_be_listed(InstanceId name, ProxyId proxy, base::Instant from,
                           base::Instant to) const {
  return std::ranges::any_of(claims(name, proxy, from), [&](const Claim* claim) {
    return claim->connected.began <= to && claim->listed_until >= from;
  });
}

Naming::Listing Naming::must_be_listed(InstanceId name, ProxyId proxy, base::Instant from,
                                       base::Instant to) const {
  const auto all = claims(name, proxy, from);
  for (const Claim* claim : all) {
    if (is_healthy(*claim, from, to)) return Listing::kConnected;
  }
  for (const Claim* claim : all) {
    const auto& departed = claim->departed;
    if (!departed || departed->began > from || departed->ended < to) continue;
    // Whoever had the name since may have left in an orderly way; before, it may have taken the
    // place of this one while that hung.
    const base::Instant since = departed->began - index_.rules().lifetime;
    const bool is_alone = std::ranges::none_of(all, [&](const Claim* other) {
      return other != claim && other->connected.overlaps(since, to);
    });
    if (is_alone) return Listing::kDeparted;
  }
  return Listing::kUnknown;
}

}  // namespace prometheus_rsocket::sim::oracle
