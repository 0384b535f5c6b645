#include "sim/links.h"

namespace prometheus_rsocket::sim {

void Links::set(const Address& from, const Address& to, Link link) {
  links_.insert_or_assign({from, to}, link);
}

void Links::slow(const Address& from, const Address& to, base::Duration more) {
  if (more == base::Duration::zero()) {
    slow_.erase({from, to});
  } else {
    slow_.insert_or_assign({from, to}, more);
  }
}

void Links::mend() {
  cuts_.clear();
  slow_.clear();
}

std::optional<Happening> Links::obstacle(const Host& from, const Host& to) const {
  if (from.lost || to.lost) return Happening::kMetLostHost;
  if (&from == &to) return std::nullopt;
  if (from.faults.is_isolated || to.faults.is_isolated) return Happening::kMetIsolation;
  if (!cuts_.empty() && cuts_.contains({from.address, to.address})) {
    const bool both = cuts_.contains({to.address, from.address});
    return both ? Happening::kMetCut : Happening::kMetOneWayCut;
  }
  if (from.faults.is_clogged) return Happening::kMetClog;
  return std::nullopt;
}

base::Duration Links::transit(const Host& from, const Host& to, Draws& draws) const {
  const Link* link = &from == &to ? &kernel_.config.loopback : &kernel_.config.link;
  if (!links_.empty()) {
    const auto special = links_.find({from.address, to.address});
    if (special != links_.end()) link = &special->second;
  }
  // All from one draw, so that a tail does not shift those that come after it.
  Draws of_this(draws.next(), 0);
  base::Duration takes = link->latency + of_this.up_to(link->jitter);
  if (link->tail_percent > 0 && of_this.percent(link->tail_percent)) {
    kernel_.count(Happening::kTail);
    takes += of_this.up_to(link->tail);
  }
  if (!slow_.empty()) {
    const auto more = slow_.find({from.address, to.address});
    if (more != slow_.end()) {
      kernel_.count(Happening::kSlowLink);
      takes += more->second;
    }
  }
  return takes;
}

std::uint64_t Links::bandwidth(const Host& from, const Host& to) const {
  if (&from == &to) return 0;
  std::uint64_t least = 0;
  for (const std::uint64_t limit :
       {kernel_.config.bandwidth, from.faults.bandwidth, to.faults.bandwidth}) {
    if (limit > 0 && (least == 0 || limit < least)) least = limit;
  }
  return least;
}

}  // namespace prometheus_rsocket::sim
