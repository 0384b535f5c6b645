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
  const base::Duration patience = std::min((scrape.late_from - now) / 2, kTicketPatience);
  waiting_.push_back({std::move(scrape), now + patience, turns_.last()});
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
  while (!waiting_.empty() && may_run()) run(next());
}

void ScrapeQueue::press() {
  while (press_once()) {
  }
}

// Who presses has the place of who gives way, whoever else waits. Where a place is free and memory
// alone is lacking, what was broken off may bring enough.
bool ScrapeQueue::press_once() {
  if (pages_.weight() < at_once_max_ && pages_.is_giving_way()) return false;
  const base::Instant now = shard_.clock.now();
  std::vector<std::pair<Rank, Place>> pressing;
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    if (it->presses_from <= now) pressing.emplace_back(rank(*it), it);
  }
  std::ranges::stable_sort(pressing, {}, &std::pair<Rank, Place>::first);
  for (const auto& [its_rank, place] : pressing) {
    if (!pages_.give_way_to(place->scrape.who)) continue;
    if (!may_run()) return false;  // what it held on to is not back yet
    run(place);
    return true;
  }
  return false;
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

bool ScrapeQueue::may_run() const {
  return pages_.weight() < at_once_max_ && (pages_.empty() || has_room_());
}

ScrapeQueue::Place ScrapeQueue::next() {
  return std::ranges::min_element(waiting_, {}, [this](const Waiting& it) { return rank(it); });
}

ScrapeQueue::Rank ScrapeQueue::rank(const Waiting& waiting) const {
  return {pages_.weight_of(waiting.scrape.who), turns_.rank(waiting.scrape.who, waiting.turn)};
}

void ScrapeQueue::run(Place place) {
  Scrape scrape = std::move(place->scrape);
  waiting_.erase(place);
  turns_.has_turn(scrape.who);
  scrape.run(pages_.add(std::move(scrape.who), 1, scrape.exchange));
}

}  // namespace prometheus_rsocket::server
