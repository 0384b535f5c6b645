// What simulated applications write, and the parser that reads it back from a page.
//
// Every sample names its writer, so that a sample on a page can be held against what was written:
//
//   # TYPE sim_sample gauge
//   sim_sample{instance="3",incarnation="1",key="0",sequence="17"} 61000200
//   …                                           the value: microseconds since the world began
//   # TYPE sim_latest gauge
//   sim_latest{instance="3"} 1                  a series that all incarnations share: whose it is
//
// The parser is written for itself and shares no code with lib/exposition.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "sim/history/history.h"

namespace prometheus_rsocket::sim::history {

// `since_start`: the moment of the Sampled entry. `parts` > 0.
[[nodiscard]] std::string payload_text(const Incarnation& who, std::uint64_t sequence,
                                       std::uint32_t parts, base::Duration since_start);

struct ParsedPage {
  std::vector<ShownSample> samples;            // in the order of the page
  std::map<InstanceId, std::uint32_t> latest;  // `sim_latest`
  std::string trouble;                         // the first thing wrong, with its line; or empty
};

// Reads a page of text 0.0.4. Wrong is: a line that payload_text() would not have written byte for
// byte, a TYPE that stands twice or not before its samples, a family that is torn apart, a series
// that stands twice, a family without samples, a last line without its end. An empty page is right.
// Families beginning with `other_` are passed over: those of hostile peers. OpenMetrics is the same
// here, with `# EOF` as its last line.
[[nodiscard]] ParsedPage parse_page(std::string_view page, bool is_openmetrics = false);

}  // namespace prometheus_rsocket::sim::history
