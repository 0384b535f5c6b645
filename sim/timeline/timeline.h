// A run to look at: a lane for each application, proxy and scraper, time from left to right.
//
// Bars are lives of processes; in them, in the colour of the proxy they lead to, connections; thin
// lines are scrapes, triangles pushes, grey fields what was broken on purpose, red what an oracle
// found wrong. Each says what it is when pointed at.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "sim/history/history.h"

namespace prometheus_rsocket::sim::timeline {

struct Mark {
  base::Instant at;
  std::string text;
};

struct Options {
  std::string title;
  std::vector<Mark> marks;  // what is wrong
  // What part of the run is drawn; an empty span: all of it.
  base::Instant from{};
  base::Instant to{};
};

// A picture of its own: no script, nothing fetched from elsewhere.
[[nodiscard]] std::string draw_svg(const history::History& history, const Options& options);

// The same entries as text, one a line: `61.000200 connected client 3.1`.
[[nodiscard]] std::string write_text(const history::History& history);

}  // namespace prometheus_rsocket::sim::timeline
