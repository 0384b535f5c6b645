#include "sim/history/recorder.h"

#include <utility>

#include "base/check.h"

namespace prometheus_rsocket::sim::history {

Recorder::Recorder(Rules rules, std::function<base::Instant()> now)
    : history_{rules, {}}, now_(std::move(now)) {}

void Recorder::note(What what) {
  CHECK(!taken_, "the history is closed");
  const base::Instant at = now_();
  CHECK(history_.entries.empty() || history_.entries.back().at <= at, "time does not go back");
  history_.entries.push_back({at, std::move(what)});
}

History Recorder::take() {
  CHECK(!taken_, "the history is taken once");
  taken_ = true;
  return std::move(history_);
}

}  // namespace prometheus_rsocket::sim::history
