#include "sim/oracle/push_showing.h"

#include <algorithm>
#include <iterator>
#include <ostream>
#include <set>

namespace prometheus_rsocket::sim::oracle {
namespace {

// From when on the proxy may have taken this page for complete: from the next request or the FIN of
// its scraper on. A request is no earlier than the next scrape, a FIN a round trip before it is
// heard of.
base::Instant complete_from(const Index& index, const Scrape& page) {
  const auto path = index.path(page.scraper, page.proxy);
  if (page.confirmed == kNever || index.disturbances().touched(path, page.ended, page.confirmed)) {
    return page.ended;
  }
  base::Instant from = page.confirmed - index.rules().round_trip_max;
  for (const Scrape* next : index.scrapes_of(page.proxy)) {
    if (next->scraper == page.scraper && next->page == page.page && next->began >= page.ended) {
      from = std::min(from, next->began);
    }
  }
  return std::max(from, page.ended);
}

// From when on it may have been shown for the first time, whoever asked for that.
base::Instant first_complete(const Index& index, const HeldPush& held) {
  base::Instant first = kNever;
  for (const Scrape* scrape : index.scrapes_of(held.proxy)) {
    if (scrape->shows(held.life->who, held.push->sequence) == nullptr) continue;
    first = std::min(first, complete_from(index, *scrape));
  }
  return first;
}

// Whether what was stored then is still there.
bool is_kept(const Index& index, const HeldPush& held, base::Instant until) {
  const ProxyLife* const life = index.proxy_at(held.proxy, held.stored);
  if (life == nullptr) return false;
  if (life->ended > until) return true;
  return index.rules().durable_pushes && !index.betrayed(held.proxy, held.stored, until);
}

// Whether the proxy may release what was shown at `first` by `until`: not in the first minutes of
// any of its lives, whatever it was in the one before.
bool may_release(const Index& index, ProxyId proxy, base::Instant first, base::Instant until) {
  const base::Duration round_trip = index.rules().round_trip_max;
  return std::ranges::any_of(index.proxies().at(proxy), [&](const ProxyLife& life) {
    const base::Instant begins = std::max(first, life.began + kRegularWindow - round_trip);
    return begins <= std::min(life.ended, until);
  });
}

}  // namespace

std::vector<HeldPush> held_pushes(const Index& index) {
  std::vector<HeldPush> all;
  for (const auto& [who, life] : index.lives()) {
    std::map<base::Instant, HeldPush> by_session;  // by its beginning
    for (const Push& push : life.pushes) {
      const Session* const session = life.session_at(push.began);
      if (session == nullptr) continue;
      for (const Push::Stored& stored : push.stored) {
        HeldPush& held = by_session[session->began];
        // Whoever seals with a key of before pushes before it is known whom it leads to.
        if (stored.proxy != session->proxy.value_or(stored.proxy) || stored.at < held.stored)
          continue;
        held = {&life, &push, session, stored.proxy, stored.at};
        held.visible =
            std::max(index.end_known(life, *session), stored.at + index.rules().round_trip_max);
      }
    }
    for (const auto& [began, held] : by_session) {
      if (held.push != nullptr) all.push_back(held);
    }
  }
  return all;
}

std::ostream& operator<<(std::ostream& out, const PushReader& reader) {
  out << "scraper " << reader.scraper;
  return reader.view == View::kPushes ? out << " on /metrics/pushes" : out;
}

std::vector<PushReader> push_readers_of(const Index& index, ProxyId proxy) {
  std::set<PushReader> readers;
  for (const Scrape* scrape : index.scrapes_of(proxy)) {
    if (scrape->view() != View::kClient) readers.insert({scrape->scraper, scrape->view()});
  }
  return {readers.begin(), readers.end()};
}

ScraperView::ScraperView(const Index& index, ProxyId proxy, const PushReader& reader)
    : index_(index), proxy_(proxy), scraper_(reader.scraper) {
  std::ranges::copy_if(index.scrapes_of(proxy), std::back_inserter(scrapes_),
                       [&](const Scrape* scrape) {
                         return PushReader{scrape->scraper, scrape->view()} == reader;
                       });
}

std::vector<const Scrape*> ScraperView::between(base::Instant from, base::Instant to) const {
  std::vector<const Scrape*> found;
  std::ranges::copy_if(scrapes_, std::back_inserter(found), [&](const Scrape* scrape) {
    return scrape->began >= from && scrape->began <= to;
  });
  return found;
}

bool ScraperView::was_shown(const HeldPush& held, base::Instant by) const {
  return std::ranges::any_of(scrapes_, [&](const Scrape* scrape) {
    return scrape->began <= by && scrape->shows(held.life->who, held.push->sequence) != nullptr;
  });
}

bool ScraperView::is_owed(const HeldPush& held, const Scrape& scrape) const {
  if (scrape.began < held.visible + kPullSharing || scrape.doubtful ||
      scrape.may_hold_garbled_push || !is_kept(index_, held, scrape.ended)) {
    return false;
  }
  if (is_under_way_elsewhere(held, scrape)) return false;
  // What stands on a page is decided as late as it ends.
  const base::Instant first = first_complete(index_, held);
  if (first >= scrape.ended) return true;
  return !may_release(index_, proxy_, first, scrape.ended) || delays(first, scrape.ended);
}

// On a page of this scraper, earlier or at the same time, that the proxy may still take for one
// that arrives.
bool ScraperView::is_under_way_elsewhere(const HeldPush& held, const Scrape& scrape) const {
  const auto path = index_.path(scraper_, proxy_);
  const base::Duration round_trip = index_.rules().round_trip_max;
  return std::ranges::any_of(scrapes_, [&](const Scrape* other) {
    if (other == &scrape) return false;
    // Of two at once either may have it.
    const bool is_at_once = other->overlaps(scrape.began, scrape.ended);
    if (is_at_once && other->shows(held.life->who, held.push->sequence) != nullptr) return true;
    if (other->good() || (other->began > scrape.began && !is_at_once)) return false;
    if (other->ended + round_trip < held.session->ended) return false;  // too early to hold it
    base::Instant over = other->ended + round_trip;
    if (index_.disturbances().touched(path, other->began, over)) {
      over = index_.disturbances().quiet_since(path, other->ended) + kTcpPatience + round_trip;
    }
    return over >= scrape.began;
  });
}

// Whether this scraper held up releases all the time.
bool ScraperView::delays(base::Instant from, base::Instant to) const {
  const auto path = index_.path(scraper_, proxy_);
  const base::Duration round_trip = index_.rules().round_trip_max;
  const base::Duration gap_max = kRegularWindow - round_trip;
  std::vector<base::Instant> complete;
  for (const Scrape* scrape : scrapes_) {
    if (!scrape->good() || scrape->confirmed > to) continue;
    const base::Instant known = scrape->confirmed + round_trip;
    if (index_.disturbances().touched(path, scrape->ended, known)) continue;
    complete.push_back(scrape->confirmed);
  }
  std::ranges::sort(complete);
  const auto before =
      std::ranges::count_if(complete, [&](base::Instant at) { return at + round_trip <= from; });
  if (before < 2) return false;
  complete.push_back(to);
  for (auto at = complete.begin() + before - 1; at != complete.end(); ++at) {
    if (*at - *std::prev(at) > gap_max) return false;
  }
  return true;
}

}  // namespace prometheus_rsocket::sim::oracle
