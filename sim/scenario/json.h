// Scenarios as JSON: what a failure leaves behind, and what anybody can replay.
//
//   {"version": 1,
//    "setup": {"seed": 7, "proxies": 2, "duration": "10m"},        fields left out: their defaults
//    "commands": [{"at": "12s500ms", "kind": "kill_client", "target": 3}],
//    "faults": [{"at": "1m", "length": "20s", "kind": "partition", "a": 3, "b": 20}]}
//
// Durations are base/quantity.h's, whole milliseconds.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>

#include "sim/scenario/scenario.h"

namespace prometheus_rsocket::sim::scenario {

// Of the format: a file of another version is refused rather than misread.
inline constexpr std::int64_t kFormatVersion = 1;

// One command and one fault a line; what has its default value is left out.
[[nodiscard]] std::string write_json(const Scenario& scenario);

// What is wrong with a text and where, in one line: `line 3, column 7: …` for what is no JSON,
// `commands[3].kind: …` for what is no scenario.
struct ReadError {
  std::string what;
};

[[nodiscard]] boost::system::result<Scenario, ReadError> read_json(std::string_view text);

}  // namespace prometheus_rsocket::sim::scenario
