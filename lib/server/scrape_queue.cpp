#include "server/scrape_queue.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/probe.h"
#include "server/limits.h"
#include "server/most_waiting.h"

namespace prometheus_rsocket::server {

ScrapeQueue::ScrapeQueue(runtime::Shard& shard, std::size_t at_once_max,
                         std::function<bool()> has_room)
    : shard_(shard),
      at_once_max_(at_once_max),
      has_room_(std::move(has_room)),
      pages_(shard, [this] { go_on(); }),
      alarm_(shard, [this] { go_on(); }) {}

void ScrapeQueue::enter(Scrape scrape) {
  const base::Instant now = shard_.clock.now();
  const base::Duration half = (scrape.late_from - now) / 2;
  waiting_.push_back({std::move(scrape), now + std::min(half, kTicketPatience),
                      now + std::max(half, kTicketPatience), turns_.last()});
  if (waiting_.size() > kScrapesWaitingMax) refuse_newest_of_most();
  go_on();
}

void ScrapeQueue::go_on() {
  refuse_late();
  admit();
  press();
  set_alarm();
}

// Whoever waited until there is hardly time left to ask anybody: a page that lacks everybody would
// end every series.
void ScrapeQueue::refuse_late() {
  const base::Instant now = shard_.clock.now();
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (it->scrape.late_from > now) {
      ++it;
      continue;
    }
    it = refuse(it);
  }
}

// Those who wait have a connection each, which nobody else can have.
void ScrapeQueue::refuse_newest_of_most() {
  static_cast<void>(
      refuse(newest_of_most(waiting_, [](const Waiting& waiting) { return waiting.scrape.who; })));
}

ScrapeQueue::Place ScrapeQueue::refuse(Place place) {
  base::reached(base::Probe::kScrapeRefused);
  const Scrape scrape = std::move(place->scrape);
  const Place next = waiting_.erase(place);
  scrape.refuse();
  return next;
}

void ScrapeQueue::admit() {
  for (Place place = next(); place != waiting_.end(); place = next()) run(place);
}

void ScrapeQueue::press() {
  while (press_once()) {
  }
  cut_short();
}

// Who presses has the place of who gives way, whoever else waits. Where a place is free and memory
// alone is lacking, what was broken off may bring enough.
bool ScrapeQueue::press_once() {
  if (pages_.weight() < at_once_max_ && pages_.is_giving_way()) return false;
  for (const Place& place : ranked(&Waiting::presses_from)) {
    if (!pages_.give_way_to(place->scrape.who)) continue;
    if (!may_run(*place)) return false;  // what it held on to is not back yet
    run(place);
    return true;
  }
  return false;
}

// Those whose time has come, the next one first.
std::vector<ScrapeQueue::Place> ScrapeQueue::ranked(base::Instant Waiting::*from) {
  std::vector<Place> places;
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    if ((*it).*from <= shard_.clock.now()) places.push_back(it);
  }
  std::ranges::stable_sort(places, {}, [this](Place place) { return rank(*place); });
  return places;
}

// For each that has waited for half of its time, one page that clients have been asked for so long
// that others would be out by now: who waits on slow clients, whether they are his own or not,
// keeps nobody out. The place comes back when that page is out, and counts as theirs until then.
void ScrapeQueue::cut_short() {
  std::erase_if(asking_, [](const Asking& asking) { return asking.ticket.expired(); });
  auto coming = std::ranges::count_if(asking_, [](const Asking& it) { return !it.cut_short; });
  std::map<std::string, std::uint64_t> coming_to;
  for (const Place& place : ranked(&Waiting::cuts_from)) {
    const std::string& who = place->scrape.who;
    if (--coming >= 0 || cut_short_for(who, coming_to)) ++coming_to[who];
  }
}

// As pages_under_way.h has it: of those that have more pages than `who`, or of `who` too, of
// whoever has the most, the one that has asked for the longest. False where that one has not asked
// for long.
bool ScrapeQueue::cut_short_for(const std::string& who,
                                const std::map<std::string, std::uint64_t>& coming_to) {
  const auto pages_of = [&](const std::string& one) {
    const auto coming = coming_to.find(one);
    const auto goes = std::ranges::count_if(
        asking_, [&](const Asking& asking) { return !asking.cut_short && asking.who == one; });
    return pages_.weight_of(one) - static_cast<std::uint64_t>(goes) +
           (coming == coming_to.end() ? 0 : coming->second);
  };
  const std::uint64_t own = pages_of(who);
  auto longest = asking_.end();
  std::uint64_t most = 0;
  for (auto it = asking_.begin(); it != asking_.end(); ++it) {  // in the order of their age
    if (!it->cut_short) continue;
    const std::uint64_t pages = pages_of(it->who);
    if ((pages <= own && it->who != who) || pages <= most) continue;
    most = pages;
    longest = it;
  }
  if (longest == asking_.end()) return false;
  if (shard_.clock.now() - longest->since < kAskingPatience) return false;
  if (!std::exchange(longest->cut_short, nullptr)()) {
    asking_.erase(longest);  // its asking had come to its end
    return cut_short_for(who, coming_to);
  }
  base::reached(base::Probe::kScrapeCutShort);
  ++cut_short_;
  return true;
}

void ScrapeQueue::set_alarm() {
  if (waiting_.empty()) {
    turns_.forget();
    return alarm_.clear();
  }
  // A reader becomes slow, and memory is given back, without a word.
  const base::Instant again = shard_.clock.now() + kLookAgain;
  const bool waits_for_memory = pages_.weight() < at_once_max_;
  base::Instant at = waits_for_memory ? again : base::Instant::max();
  for (const Waiting& waiting : waiting_) {
    at = std::min({at, waiting.scrape.late_from, std::max(waiting.presses_from, again)});
  }
  alarm_.set(at);
}

bool ScrapeQueue::may_run(const Waiting& waiting) const {
  if (pages_.weight() >= at_once_max_) return false;
  return !waiting.scrape.needs_room || !pages_.any_holds_texts() || has_room_();
}

ScrapeQueue::Place ScrapeQueue::next() {
  Place next = waiting_.end();
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    if (next != waiting_.end() && rank(*it) >= rank(*next)) continue;
    if (may_run(*it)) next = it;
  }
  return next;
}

ScrapeQueue::Rank ScrapeQueue::rank(const Waiting& waiting) const {
  return {pages_.weight_of(waiting.scrape.who), turns_.rank(waiting.scrape.who, waiting.turn)};
}

void ScrapeQueue::run(Place place) {
  Scrape scrape = std::move(place->scrape);
  waiting_.erase(place);
  turns_.has_turn(scrape.who);
  const Ticket ticket = pages_.add(scrape.who, 1, scrape.exchange, scrape.needs_room);
  if (CutShort cut_short = scrape.run(ticket)) {
    asking_.push_back({std::move(scrape.who), shard_.clock.now(), ticket, std::move(cut_short)});
  }
}

}  // namespace prometheus_rsocket::server
