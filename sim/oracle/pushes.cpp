#include <algorithm>
#include <map>

#include "sim/oracle/findings.h"
#include "sim/oracle/push_showing.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

// What happened is on a healthy disk after so long.
constexpr base::Duration kWrittenWithin = std::chrono::seconds(1);

// A push that every scraper must get, and one that gets it on time.
void judge_showings(const Index& index, Findings& findings) {
  for (const HeldPush& held : held_pushes(index)) {
    if (!held.push->acknowledged()) continue;
    for (const PushReader& reader : push_readers_of(index, held.proxy)) {
      const ScraperView view(index, held.proxy, reader);
      for (const Scrape* scrape : view.between(held.visible, index.end())) {
        if (!scrape->good() || !view.is_owed(held, *scrape)) continue;
        if (view.was_shown(held, scrape->began)) break;
        findings.add(scrape->ended, "scrape ", scrape->id, " of proxy ", held.proxy, " by ", reader,
                     " shows no push ", held.push->sequence, " of client ", held.life->who,
                     ", stored at ", index.seconds(held.stored), " and due from ",
                     index.seconds(held.visible));
        break;
      }
    }
  }
}

// A push is on no page while its connection is open.
void judge_earliness(const Index& index, const Scrape& scrape, const Shown& shown,
                     Findings& findings) {
  const Session* const session = shown.life->session_at(shown.push->began);
  if (session == nullptr || scrape.ended + index.rules().round_trip_max >= session->ended) return;
  if (index.disturbances().touched(index.path(shown.who, scrape.proxy),
                                   scrape.began - index.rules().lifetime, scrape.ended)) {
    return;  // the proxy may have given the connection up
  }
  findings.add(scrape.ended, "scrape ", scrape.id, " of proxy ", scrape.proxy, " shows push ",
               shown.sequence, " of client ", shown.who, ", whose connection ended at ",
               index.seconds(session->ended));
}

// What was flushed arrives, and what is waited for is acknowledged.
void judge_arrival(const Index& index, const Life& life, const Push& push, Findings& findings) {
  if (push.outcomes.empty()) return;
  const auto [at, ok] = push.outcomes.front();
  const bool is_flushed = push.kind == history::PushKind::kFireAndForget;
  const bool is_first = &push == &life.pushes.front();  // who pushes and closes takes no other
  const bool is_lost = is_flushed ? ok && push.stored.empty() : !ok && is_first;
  if (!is_lost) return;
  const Session* const session = life.session_at(push.began);
  if (session == nullptr || !session->proxy || life.garbled_within(push.began, at)) return;
  const base::Instant until = at + index.rules().round_trip_max;
  const ProxyLife* const proxy = index.proxy_at(*session->proxy, session->keyed);
  if (proxy == nullptr || proxy->ended <= until || proxy->draining <= until) return;
  if (index.end() <= until || index.rules().connection_age > base::Duration::zero()) return;
  if (index.disturbances().touched(index.path(life.who, *session->proxy),
                                   push.began - index.rules().lifetime, until) ||
      index.disturbances().disk_troubled(place_of(*session->proxy), push.began, until)) {
    return;
  }
  findings.add(at, "push ", push.sequence, " of client ", life.who,
               is_flushed ? " was flushed and is not stored by proxy "
                          : " failed, waited for on a sound connection to proxy ",
               *session->proxy);
}

struct Reading {
  Incarnation who;
  std::uint64_t sequence = 0;
  PushReader reader;
  friend auto operator<=>(const Reading&, const Reading&) = default;
};

// Who is killed may not have written down yet what it had shown: it shows that once more. So does
// who ends while its disk is in trouble, and who has a disk that has lost it.
bool may_repeat(const Index& index, ProxyId proxy, const Scrape& before, const Scrape& scrape) {
  if (!index.rules().durable_pushes) return false;
  if (index.betrayed(proxy, before.ended, scrape.ended)) return true;
  return std::ranges::any_of(index.proxies().at(proxy), [&](const ProxyLife& life) {
    if (life.ended < before.ended || life.ended > scrape.began) return false;
    const bool is_at_once =
        life.end != history::ProxyEnd::kExited && life.ended <= before.confirmed + kWrittenWithin;
    return is_at_once ||
           index.disturbances().disk_troubled(place_of(proxy), before.ended, life.ended);
  });
}

// No page of a scraper shows what a confirmed one before it did.
void judge_repeats(const Index& index, ProxyId proxy, Findings& findings) {
  if (push_readers_of(index, proxy).size() > kScrapersTracked) return;
  std::map<Reading, std::vector<const Scrape*>> pages;
  for (const Scrape* scrape : index.scrapes_of(proxy)) {
    for (const Shown& shown : scrape->shown) {
      if (shown.push == nullptr || shown.doubtful || scrape->doubtful) continue;
      const PushReader reader{scrape->scraper, scrape->view()};
      auto& earlier = pages[{shown.who, shown.sequence, reader}];
      for (const Scrape* before : earlier) {
        const auto path = index.path(scrape->scraper, proxy);
        if (before->confirmed == kNever ||
            index.disturbances().touched(path, before->ended, scrape->began) ||
            may_repeat(index, proxy, *before, *scrape)) {
          continue;
        }
        findings.add(scrape->ended, "scrape ", scrape->id, " of proxy ", proxy, " by ", reader,
                     " shows push ", shown.sequence, " of client ", shown.who,
                     " again after scrape ", before->id, ", confirmed at ",
                     index.seconds(before->confirmed));
        break;
      }
      earlier.push_back(scrape);
    }
  }
}

}  // namespace

std::vector<Violation> judge_pushes(const Index& index) {
  Findings findings("5-pushes");
  judge_showings(index, findings);
  for (const auto& [who, life] : index.lives()) {
    if (!life.ours()) continue;
    for (const Push& push : life.pushes) judge_arrival(index, life, push, findings);
  }
  for (const auto& [id, scrape] : index.scrapes()) {
    for (const Shown& shown : scrape.shown) {
      if (shown.push == nullptr || shown.doubtful || scrape.doubtful) continue;
      judge_earliness(index, scrape, shown, findings);
    }
  }
  for (const auto& [proxy, lives] : index.proxies()) judge_repeats(index, proxy, findings);
  return findings.take();
}

std::vector<Violation> judge_acknowledgements(const Index& index) {
  Findings findings("6-stored");
  for (const auto& [who, life] : index.lives()) {
    for (const Push& push : life.pushes) {
      const Session* const session = life.session_at(push.began);
      for (const Push::Stored& stored : push.stored) {
        // Where no key has come yet, nobody knows where it leads: an old one may do.
        if (session != nullptr && session->proxy.value_or(stored.proxy) == stored.proxy) continue;
        findings.add(stored.at, "proxy ", stored.proxy, " stored push ", push.sequence,
                     " of client ", who, ", which was not connected there");
      }
      if (!push.acknowledged()) continue;
      const base::Instant at = push.outcomes.front().at;
      const bool stored =
          std::ranges::any_of(push.stored, [&](const Push::Stored& one) { return one.at <= at; });
      if (stored) continue;
      findings.add(at, "push ", push.sequence, " of client ", who,
                   " is acknowledged and was not stored by then");
    }
  }
  return findings.take();
}

std::vector<Violation> judge_push_times(const Index& index) {
  Findings findings("12-push-time");
  for (const auto& [who, life] : index.lives()) {
    for (const Push& push : life.pushes) {
      const base::Instant due = push.began + push.time_max;
      if (push.outcomes.size() > 1) {
        findings.add(push.outcomes[1].at, "push ", push.sequence, " of client ", who,
                     " ended twice");
      }
      if (!life.ours() && push.kind == history::PushKind::kFireAndForget) continue;
      if (index.disturbances().paused(place_of(who), push.began, due)) continue;
      const base::Instant ended = push.outcomes.empty() ? kNever : push.outcomes.front().at;
      const bool cut_off = life.end && *life.end != history::ClientEnd::kLeft && life.ended <= due;
      if (ended <= due || cut_off || (ended == kNever && index.end() <= due)) continue;
      findings.add(std::min(ended, index.end()), "push ", push.sequence, " of client ", who,
                   " ended at ", index.seconds(ended), ", due at ", index.seconds(due));
    }
  }
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle
