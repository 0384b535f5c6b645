// What is yet to happen in a simulated world, in order, and the virtual clock, which jumps from one
// event to the next. The rolling hash over all that happened is kept here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"
#include "sim/action.h"

namespace prometheus_rsocket::sim {

// A part of the hash: append only.
enum class EventKind : std::uint8_t {
  kTask,
  kTimer,
  kSegment,
  kFeedback,
  kReset,
  kStall,
  kDial,
  kResolve,
  kKey,
  kMessage,
  kTrace,
  kWork,
};

struct Event {
  EventKind kind;
  std::uint64_t entity;  // whose it is: Draws' meaning
  // Tells apart events of one entity and kind at one moment, of which the seed shall choose the
  // order. With equal salts they happen in the order in which they were added.
  std::uint64_t salt = 0;
  // Something that only watches: a world is idle with such events left.
  bool is_background = false;
};

class EventQueue {
 public:
  struct Id {
    std::size_t slot = 0;
    std::uint64_t use = 0;  // 0: of no event
  };

  explicit EventQueue(std::uint64_t seed);

  [[nodiscard]] base::Instant now() const { return now_; }
  [[nodiscard]] base::Instant start() const { return start_; }

  // At a moment that has passed it happens now. Events of one moment happen in the seed's order.
  Id add(base::Instant at, const Event& event, Action happen);
  void cancel(Id id);  // nothing if it has happened
  void cancel_all();

  // Lets the next event happen unless it is after `limit`; false if there was none.
  bool step(base::Instant limit);
  void advance(base::Instant to);  // REQUIRES: nothing is due before

  [[nodiscard]] bool empty() const { return live_ == 0; }
  [[nodiscard]] bool idle() const { return live_ == background_; }
  [[nodiscard]] std::uint64_t happened() const { return happened_; }

  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  void fold(std::uint64_t value);

 private:
  struct Slot {
    std::uint64_t use = 0;  // of the event in it; 0: free
    Event event;
    Action happen;
  };
  struct Entry {
    base::Instant at;
    std::uint64_t tie;
    std::uint64_t use;  // rises with every event: the last word in an order
    std::size_t slot;
  };
  static bool later(const Entry& a, const Entry& b);
  Action take(std::size_t slot);
  void drop_cancelled();

  std::uint64_t seed_;
  base::Instant start_;
  base::Instant now_;
  std::vector<Entry> heap_;  // may hold cancelled ones, never at the top
  std::vector<Slot> slots_;
  std::vector<std::size_t> free_;
  std::uint64_t uses_ = 0;
  std::size_t live_ = 0;
  std::size_t background_ = 0;
  std::uint64_t happened_ = 0;
  std::uint64_t at_this_moment_ = 0;
  std::uint64_t hash_;
};

}  // namespace prometheus_rsocket::sim
