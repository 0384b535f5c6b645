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
  cut_short_for(pressing);
  return false;
}

// For each that presses, one page that clients have been asked for so long that others would be out
// by now: who waits on slow clients, whether they are his own or not, keeps nobody out. The place
// comes back when that page is out.
void ScrapeQueue::cut_short_for(const std::vector<std::pair<Rank, Place>>& pressing) {
  std::erase_if(asking_, [](const Asking& asking) { return asking.ticket.expired(); });
  auto coming =
      std::ranges::count_if(asking_, [](const Asking& asking) { return !asking.cut_short; });
  for (const auto& [its_rank, place] : pressing) {
    if (--coming >= 0) continue;
    Asking* const asking = longest_asking(place->scrape.who);
    if (asking == nullptr) continue;
    if (!std::exchange(asking->cut_short, nullptr)()) continue;
    base::reached(base::Probe::kScrapeCutShort);
    ++cut_short_;
  }
}

// As pages_under_way.h has it: of those that have more pages than `who`, or of `who` too.
ScrapeQueue::Asking* ScrapeQueue::longest_asking(const std::string& who) {
  const base::Instant until = shard_.clock.now() - kTicketPatience;
  const std::uint64_t own = pages_.weight_of(who);
  Asking* longest = nullptr;
  std::uint64_t most = 0;
  for (Asking& asking : asking_) {  // the first has asked for the longest
    const std::uint64_t weight = pages_.weight_of(asking.who);
    const bool may_be =
        asking.cut_short && asking.since <= until && (weight > own || asking.who == who);
    if (!may_be || weight <= most) continue;
    most = weight;
    longest = &asking;
  }
  return longest;
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
  const Ticket ticket = pages_.add(scrape.who, 1, scrape.exchange);
  if (CutShort cut_short = scrape.run(ticket)) {
    asking_.push_back({std::move(scrape.who), shard_.clock.now(), ticket, std::move(cut_short)});
  }
}

}  // namespace prometheus_rsocket::server
