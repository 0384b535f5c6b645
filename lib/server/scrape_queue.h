// Which scrapes run, of those that want to at once (--scrape.max-concurrent), and in which order.
//
// Whose scrapers have the fewest pages under way is next, and of equals whose turn is the longest
// ago, or who came before, if there was none since. Who has waited for a while takes the place of a
// page whose scraper does not read it (pages_under_way.h); where there is none, one that has asked
// its clients for a while has to go with what has come. Who has waited until there is hardly time
// left to ask anybody is refused, and so is, where too many wait, the newest of whoever has the
// most waiting. Lives on shard 0.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/alarm.h"
#include "runtime/runtime.h"
#include "server/pages_under_way.h"
#include "server/turn_order.h"

namespace prometheus_rsocket::server {

class ScrapeQueue {
 public:
  using Ticket = PagesUnderWay::Place;
  // Ends the asking: the page is of what has come. False where it had ended. Empty: nobody is
  // asked.
  using CutShort = std::function<bool()>;

  struct Scrape {
    std::string who;  // as in pages_under_way.h
    std::shared_ptr<http::Exchange> exchange;
    base::Instant late_from;                   // hardly time is left then
    bool needs_room = true;                    // for clients' texts
    std::function<CutShort(Ticket)> run = {};  // it holds the ticket until its page is out
    std::function<void()> refuse = {};         // in place of that
  };

  // `has_room`: whether there is memory for one more page beside those under way.
  ScrapeQueue(runtime::Shard& shard, std::size_t at_once_max, std::function<bool()> has_room);

  // One of its functions is called, once, now or later.
  void enter(Scrape scrape);

  [[nodiscard]] const PagesUnderWay& pages() const { return pages_; }
  // Scrapes that had to go with what had come, since the start.
  [[nodiscard]] std::uint64_t count_cut_short() const { return cut_short_; }

 private:
  struct Waiting {
    Scrape scrape;
    base::Instant presses_from;  // who does not read may have to give way
    base::Instant cuts_from;     // and who asks clients may have to go with what has come
    TurnOrder::Turn turn;        // the last one when it came
  };
  using Place = std::deque<Waiting>::iterator;
  // A page that clients are asked for; that was cut short and is not out; or that has come to its
  // end, as far as nobody has looked.
  struct Asking {
    std::string who;
    base::Instant since;
    std::weak_ptr<void> ticket;
    CutShort cut_short;  // empty: it was
  };
  using Rank = std::pair<std::uint64_t, TurnOrder::Turn>;  // the least is next

  void go_on();
  void refuse_late();
  void refuse_newest_of_most();
  [[nodiscard]] Place refuse(Place place);  // the next one
  void admit();
  void press();
  [[nodiscard]] bool press_once();
  [[nodiscard]] std::vector<Place> ranked(base::Instant Waiting::*from);
  void cut_short();
  // `coming_to`: whom pages that are cut short will leave their places to.
  [[nodiscard]] bool cut_short_for(const std::string& who,
                                   const std::map<std::string, std::uint64_t>& coming_to);
  void set_alarm();
  [[nodiscard]] bool may_run(const Waiting& waiting) const;
  [[nodiscard]] Place next();  // end: none may run
  [[nodiscard]] Rank rank(const Waiting& waiting) const;
  void run(Place place);

  runtime::Shard& shard_;
  const std::size_t at_once_max_;
  std::function<bool()> has_room_;
  PagesUnderWay pages_;  // each of weight 1
  std::deque<Waiting> waiting_;
  std::vector<Asking> asking_;
  std::uint64_t cut_short_ = 0;
  TurnOrder turns_;
  runtime::Alarm alarm_;
};

}  // namespace prometheus_rsocket::server
