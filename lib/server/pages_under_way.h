// Pages on their way to scrapers, and which of them gives way where there is no room for another: a
// scraper that does not read must not keep others from being answered (docs/decisions/0017).
//
// Lives on shard 0.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "http/exchange.h"
#include "runtime/runtime.h"
#include "server/log_limit.h"

namespace prometheus_rsocket::server {

class PagesUnderWay {
 public:
  using Place = std::shared_ptr<void>;  // a page has it until it is out; its last owner gives it up

  // `freed` is called when a place has been given up; empty: nobody wants to know.
  explicit PagesUnderWay(runtime::Shard& shard, std::function<void()> freed = {})
      : shard_(shard), freed_(std::move(freed)) {}

  // `who`: whose scraper it is, by what a stranger cannot choose. `weight`: of the room that the
  // pages share; the owner of the room knows in which unit.
  [[nodiscard]] Place add(std::string who, std::uint64_t weight,
                          const std::shared_ptr<http::Exchange>& exchange, bool holds_texts = true);

  // Breaks off one whose reader has kept it waiting for kReaderPatience in all: of those who have
  // more room than `who`, or of `who` too, of whoever has the most, the one that has stood still
  // longest, and where none stands still for so long, the one kept longest in all; and as many more
  // as make room of that weight. False, and none is, where there are not enough.
  [[nodiscard]] bool give_way_to(std::string_view who, std::uint64_t weight = 1);

  // Of all that were not broken off.
  [[nodiscard]] std::uint64_t weight() const;
  [[nodiscard]] std::uint64_t weight_of(std::string_view who) const;
  // Of clients; of those broken off, too.
  [[nodiscard]] bool any_holds_texts() const;
  // One was broken off whose texts are not back yet.
  [[nodiscard]] bool is_giving_way() const;
  // Since the start.
  [[nodiscard]] std::uint64_t broken_off() const { return broken_off_; }

 private:
  struct Page {
    std::string who;
    std::uint64_t weight = 0;
    std::weak_ptr<http::Exchange> exchange;  // its answer may own the place
    bool holds_texts = true;
    bool gives_way = false;  // it ends soon
  };

  [[nodiscard]] Page* next_to_give_way_to(std::string_view who);
  void break_off(http::Exchange& exchange);

  runtime::Shard& shard_;
  std::function<void()> freed_;
  // Shared with nobody; whoever has a place may outlive us, when the process ends.
  std::shared_ptr<std::list<Page>> pages_ = std::make_shared<std::list<Page>>();
  std::uint64_t broken_off_ = 0;
  LogLimit log_limit_;
};

}  // namespace prometheus_rsocket::server
