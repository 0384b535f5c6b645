#include "server/pages_under_way.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "server/limits.h"

namespace prometheus_rsocket::server {

PagesUnderWay::Place PagesUnderWay::add(std::string who, std::uint64_t weight,
                                        const std::shared_ptr<http::Exchange>& exchange,
                                        bool holds_texts) {
  const auto page = pages_->insert(pages_->end(), {std::move(who), weight, exchange, holds_texts});
  return {nullptr, [this, page, alive = std::weak_ptr(pages_)](void*) {
            const auto pages = alive.lock();
            if (!pages) return;
            pages->erase(page);
            if (freed_) freed_();
          }};
}

bool PagesUnderWay::give_way_to(std::string_view who, std::uint64_t weight) {
  std::vector<Page*> chosen;
  std::uint64_t room = 0;
  while (room < weight) {
    Page* const page = next_to_give_way_to(who);
    if (page == nullptr) {
      for (Page* const stays : chosen) stays->gives_way = false;
      return false;
    }
    page->gives_way = true;
    room += page->weight;
    chosen.push_back(page);
  }
  std::vector<std::shared_ptr<http::Exchange>> exchanges;  // who ends is on the list no more
  for (const Page* const page : chosen) exchanges.push_back(page->exchange.lock());
  for (const auto& exchange : exchanges) break_off(*exchange);
  return true;
}

PagesUnderWay::Page* PagesUnderWay::next_to_give_way_to(std::string_view who) {
  const std::uint64_t own = weight_of(who);
  Page* gives_way = nullptr;
  std::tuple<std::uint64_t, base::Duration, base::Duration> most;
  for (Page& page : *pages_) {
    const auto exchange = page.exchange.lock();
    if (page.gives_way || !exchange || exchange->waited() < kReaderPatience) continue;
    const std::uint64_t weight = weight_of(page.who);
    if (weight <= own && page.who != who) continue;
    const base::Duration stalled = exchange->stalled();
    const std::tuple rank{weight, stalled < kReaderPatience ? base::Duration::zero() : stalled,
                          exchange->waited()};
    if (gives_way != nullptr && rank <= most) continue;
    most = rank;
    gives_way = &page;
  }
  return gives_way;
}

void PagesUnderWay::break_off(http::Exchange& exchange) {
  ++broken_off_;
  if (const auto suppressed = log_limit_.admit(shard_.clock.now())) {
    shard_.log.warn("a page is broken off: its scraper does not read, and another one waits",
                    {{"scraper", exchange.request().remote.address.to_string()},
                     {"suppressed", std::to_string(*suppressed)}});
  }
  exchange.break_off();
}

bool PagesUnderWay::any_holds_texts() const {
  return std::ranges::any_of(*pages_, &Page::holds_texts);
}

bool PagesUnderWay::is_giving_way() const { return std::ranges::any_of(*pages_, &Page::gives_way); }

std::uint64_t PagesUnderWay::weight() const {
  std::uint64_t weight = 0;
  for (const Page& page : *pages_) weight += page.gives_way ? 0 : page.weight;
  return weight;
}

std::uint64_t PagesUnderWay::weight_of(std::string_view who) const {
  std::uint64_t weight = 0;
  for (const Page& page : *pages_) weight += page.gives_way || page.who != who ? 0 : page.weight;
  return weight;
}

}  // namespace prometheus_rsocket::server
