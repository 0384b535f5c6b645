// The pen of a run: actors and the runner write what happens, and it stamps the moment.
//
// One for a run, on the simulator's one thread; whoever writes refers to it and dies before it.
#pragma once

#include <functional>

#include "base/time.h"
#include "sim/history/history.h"

namespace prometheus_rsocket::sim::history {

class Recorder {
 public:
  // `now`: the present moment; it never goes back.
  Recorder(Rules rules, std::function<base::Instant()> now);

  void note(What what);

  // The moment a note would carry now, and as payload_text() wants it.
  [[nodiscard]] base::Instant now() const { return now_(); }
  [[nodiscard]] base::Duration since_start() const { return now_() - history_.rules.start; }

  // Numbers that no other scrape and no other fault of the run has.
  [[nodiscard]] ScrapeId next_scrape() { return ScrapeId{scrapes_++}; }
  [[nodiscard]] FaultId next_fault() { return FaultId{faults_++}; }

  [[nodiscard]] const History& history() const { return history_; }
  // All that was written; afterwards nothing is noted any more.
  [[nodiscard]] History take();

 private:
  History history_;
  std::function<base::Instant()> now_;
  std::uint64_t scrapes_ = 0;
  std::uint64_t faults_ = 0;
  bool taken_ = false;
};

}  // namespace prometheus_rsocket::sim::history
