#include "sim/event_queue.h"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "sim/draw.h"

namespace prometheus_rsocket::sim {
namespace {

// Far more than any work takes: code that waits without waiting.
constexpr std::uint64_t kEventsAtOneMomentMax = 50'000'000;
// Cancelled events are swept out when they are so many more than the live ones.
constexpr std::size_t kCancelledMax = 4096;

}  // namespace

EventQueue::EventQueue(std::uint64_t seed)
    // Not at zero: a moment that was never set must not look like the beginning.
    : seed_(seed), start_(std::chrono::hours(1)), now_(start_), hash_(mix(seed)) {}

bool EventQueue::later(const Entry& a, const Entry& b) {
  return std::tie(a.at, a.tie, a.use) > std::tie(b.at, b.tie, b.use);
}

EventQueue::Id EventQueue::add(base::Instant at, const Event& event, Action happen) {
  std::size_t slot = slots_.size();
  if (free_.empty()) {
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  slots_[slot] = {++uses_, event, std::move(happen)};
  at = std::max(at, now_);
  const auto kind = static_cast<std::uint64_t>(event.kind);
  const std::uint64_t tie = mix(mix(seed_ ^ event.entity, kind + (event.salt << 8U)),
                                static_cast<std::uint64_t>(at.time_since_epoch().count()));
  heap_.push_back({at, tie, uses_, slot});
  std::ranges::push_heap(heap_, later);
  ++live_;
  if (event.is_background) ++background_;
  return {slot, uses_};
}

Action EventQueue::take(std::size_t slot) {
  Slot& from = slots_[slot];
  --live_;
  if (from.event.is_background) --background_;
  from.use = 0;
  free_.push_back(slot);
  return std::move(from.happen);
}

void EventQueue::cancel(Id id) {
  if (id.use == 0 || slots_[id.slot].use != id.use) return;
  const auto dropped = take(id.slot);  // destroyed last: it may own who calls us
  drop_cancelled();
}

void EventQueue::cancel_all() {
  while (!heap_.empty()) cancel({heap_.front().slot, heap_.front().use});
}

void EventQueue::drop_cancelled() {
  const auto cancelled = [this](const Entry& e) { return slots_[e.slot].use != e.use; };
  if (heap_.size() > 2 * live_ + kCancelledMax) {
    std::erase_if(heap_, cancelled);
    std::ranges::make_heap(heap_, later);
  }
  while (!heap_.empty() && cancelled(heap_.front())) {
    std::ranges::pop_heap(heap_, later);
    heap_.pop_back();
  }
}

bool EventQueue::step(base::Instant limit) {
  if (heap_.empty() || heap_.front().at > limit) return false;
  const Entry next = heap_.front();
  at_this_moment_ = next.at == now_ ? at_this_moment_ + 1 : 0;
  CHECK(at_this_moment_ < kEventsAtOneMomentMax, "time stands still: something never waits");
  now_ = next.at;
  const Event event = slots_[next.slot].event;
  fold(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  fold(event.entity ^ (static_cast<std::uint64_t>(event.kind) + (event.salt << 8U)));
  ++happened_;
  auto happen = take(next.slot);
  std::ranges::pop_heap(heap_, later);
  heap_.pop_back();
  drop_cancelled();
  happen();
  return true;
}

void EventQueue::advance(base::Instant to) {
  CHECK(heap_.empty() || heap_.front().at >= to, "time does not pass over an event");
  now_ = std::max(now_, to);
}

void EventQueue::fold(std::uint64_t value) { hash_ = mix(hash_, value); }

}  // namespace prometheus_rsocket::sim
