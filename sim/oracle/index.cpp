#include "sim/oracle/index.h"

#include <algorithm>

#include "base/check.h"
#include "sim/oracle/index_reader.h"

namespace prometheus_rsocket::sim::oracle {

Place place_of(const Incarnation& who) { return {Place::Kind::kClient, who.instance.value}; }
Place place_of(ProxyId proxy) { return {Place::Kind::kProxy, proxy.value}; }
Place place_of(ScraperId scraper) { return {Place::Kind::kScraper, scraper.value}; }

bool Life::hung_within(base::Instant from, base::Instant to) const {
  return std::ranges::any_of(hung, [&](const Period& one) { return one.overlaps(from, to); });
}

bool Life::garbled_within(base::Instant from, base::Instant to) const {
  return std::ranges::any_of(garbled, [&](const Period& one) { return one.overlaps(from, to); });
}

const Push* Life::push(std::uint64_t sequence) const {
  const auto found = std::ranges::find(pushes, sequence, &Push::sequence);
  return found == pushes.end() ? nullptr : &*found;
}

const Session* Life::session_at(base::Instant at) const {
  const Session* latest = nullptr;
  for (auto session = sessions.rbegin(); session != sessions.rend(); ++session) {
    if (!session->contains(at)) continue;
    if (session->keyed <= at) return &*session;
    if (latest == nullptr) latest = &*session;
  }
  return latest;
}

bool Scrape::whole() const {
  return answer != nullptr && answer->result == history::ScrapeResult::kWhole;
}

bool Scrape::good() const { return whole() && answer->status == 200; }

bool Scrape::spoilt() const {
  if (answer == nullptr) return false;
  return answer->result == history::ScrapeResult::kAborted ||
         (slow && answer->result == history::ScrapeResult::kTimedOut);
}

const Shown* Scrape::shows_live(const Incarnation& who) const {
  const auto found = std::ranges::find_if(
      shown, [&](const Shown& text) { return text.who == who && text.push == nullptr; });
  return found == shown.end() ? nullptr : &*found;
}

const Shown* Scrape::shows(const Incarnation& who, std::uint64_t sequence) const {
  const auto found = std::ranges::find_if(
      shown, [&](const Shown& text) { return text.who == who && text.sequence == sequence; });
  return found == shown.end() ? nullptr : &*found;
}

Index::Index(const history::History& history) : history_(history), end_(history.rules.start) {
  IndexReader(*this).read();
}

const Life& Index::life(const Incarnation& who) const {
  const auto found = lives_.find(who);
  CHECK(found != lives_.end(), "asked for an incarnation that never was");
  return found->second;
}

const ProxyLife* Index::proxy_at(ProxyId proxy, base::Instant at) const {
  const auto found = proxies_.find(proxy);
  if (found == proxies_.end()) return nullptr;
  for (const ProxyLife& life : found->second) {
    if (life.contains(at)) return &life;
  }
  return nullptr;
}

std::optional<ProxyId> Index::proxy_of(KeyId key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? std::nullopt : std::optional(found->second);
}

const std::vector<const Scrape*>& Index::scrapes_of(ProxyId proxy) const {
  static const std::vector<const Scrape*> kNone;
  const auto found = scrapes_of_.find(proxy);
  return found == scrapes_of_.end() ? kNone : found->second;
}

std::array<Place, 3> Index::path(const Incarnation& who, ProxyId proxy) const {
  return {place_of(who), place_of(proxy), Place{Place::Kind::kLoadBalancer, 0}};
}

std::array<Place, 2> Index::path(ScraperId scraper, ProxyId proxy) const {
  return {place_of(scraper), place_of(proxy)};
}

bool Index::is_sound(const Life& life, const Session& session, base::Instant from,
                     base::Instant to) const {
  const base::Duration round_trip = rules().round_trip_max;
  if (!session.proxy || session.keyed + round_trip > from) return false;
  if (session.ended <= to + round_trip) return false;
  const ProxyLife* const proxy = proxy_at(*session.proxy, from);
  if (proxy == nullptr || proxy->ended <= to + round_trip) return false;
  if (session.keyed < proxy->began) return false;  // it led to an earlier life, lost with its host
  const base::Instant since = std::max(session.began, from - rules().lifetime - round_trip);
  return !disturbances_.touched(path(life.who, *session.proxy), since, to);
}

bool Index::answers(const Life& life, base::Instant from, base::Instant to) const {
  const auto leaves = [&](const Push& push) { return push.began <= to; };
  return !life.hung_within(from, to) && !life.garbled_within(from, to) &&
         std::ranges::none_of(life.pushes, leaves) && life.ended > to + rules().round_trip_max;
}

base::Instant Index::end_known(const Life& life, const Session& session) const {
  if (session.end == Session::End::kOpen || !session.proxy) return kNever;
  const auto way = path(life.who, *session.proxy);
  const base::Duration round_trip = rules().round_trip_max;
  const base::Instant silent = session.ended + rules().lifetime;
  const base::Instant since =
      std::max(session.began, session.ended - rules().lifetime - round_trip);
  const bool told = session.end == Session::End::kClosed &&
                    !disturbances_.touched(way, since, session.ended + round_trip);
  if (told) return session.ended + round_trip;
  // A proxy that stands still at that moment finds out when it goes on.
  const std::array proxy = {place_of(*session.proxy)};
  return disturbances_.quiet_since(proxy, silent) + round_trip;
}

std::string Index::seconds(base::Instant at) const {
  if (at >= kNever) return "never";
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(at - rules().start).count();
  const std::string digits = std::to_string(us < 0 ? -us : us);
  const std::string padded = std::string(digits.size() < 7 ? 7 - digits.size() : 0, '0') + digits;
  return (us < 0 ? "-" : "") + padded.substr(0, padded.size() - 6) + "." +
         padded.substr(padded.size() - 6);
}

bool Index::betrayed(ProxyId proxy, base::Instant from, base::Instant to) const {
  const auto found = betrayals_.find(proxy);
  return found != betrayals_.end() && std::ranges::any_of(found->second, [&](base::Instant at) {
           return at >= from && at <= to;
         });
}

}  // namespace prometheus_rsocket::sim::oracle
