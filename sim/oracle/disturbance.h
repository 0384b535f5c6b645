// What was broken on purpose, where and when: the one place that excuses come from.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "sim/history/history.h"

namespace prometheus_rsocket::sim::oracle {

// "Not within the run": late enough, and yet durations can be added to it.
inline constexpr base::Instant kNever{base::Duration::max() / 2};

// After so long without an answer TCP gives a connection up (TCP_USER_TIMEOUT; lib/runtime,
// network.h): until then what was held back may still arrive, and a peer may still be waited for.
inline constexpr base::Duration kTcpPatience = std::chrono::seconds(30);

struct Fault {
  history::FaultEffect effect{};
  std::vector<history::Place> places;
  base::Instant began;
  base::Instant ended = kNever;
  // When its last effect on what is sent has passed: TCP sends again after pauses that double, so
  // what a fault held up may stay away for as long again, kTcpPatience at most. A pause or a
  // changed byte has no such echo.
  base::Instant quiet = kNever;

  // Whether it touches what passes along these places. A disk's trouble does not.
  [[nodiscard]] bool touches(std::span<const history::Place> path) const;
};

class Disturbances {
 public:
  void begin(history::FaultId fault, const history::FaultBegan& what, base::Instant at);
  void end(history::FaultId fault, base::Instant at, base::Duration round_trip);
  // From here on these places may be silent or stand still; no byte changes for that.
  void leave_broken(const std::vector<history::Place>& places, base::Instant at);

  [[nodiscard]] bool is_broken(const history::Place& place) const;

  // Whether something that touches this path was at work, or echoed, in [from, to].
  [[nodiscard]] bool touched(std::span<const history::Place> path, base::Instant from,
                             base::Instant to) const;
  // The same for whatever passes at this place, wherever it goes.
  [[nodiscard]] bool touched_at(const history::Place& place, base::Instant from,
                                base::Instant to) const;
  // Whether the process at this place may have stood still in [from, to].
  [[nodiscard]] bool paused(const history::Place& place, base::Instant from,
                            base::Instant to) const;
  // Whether the disk of the proxy at this place was in trouble in [from, to].
  [[nodiscard]] bool disk_troubled(const history::Place& place, base::Instant from,
                                   base::Instant to) const;
  // Whether bytes on this path may have changed in [from, to].
  [[nodiscard]] bool corrupted(std::span<const history::Place> path, base::Instant from,
                               base::Instant to) const;
  // The moment, `from` or later, from which on this path is untouched; kNever if there is none.
  [[nodiscard]] base::Instant quiet_since(std::span<const history::Place> path,
                                          base::Instant from) const;

 private:
  struct Known {
    history::FaultId id;
    Fault fault;
  };
  std::vector<Known> faults_;  // in the order in which they began
  std::vector<history::Place> broken_;
};

}  // namespace prometheus_rsocket::sim::oracle
