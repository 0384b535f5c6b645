// Judges over a finished history: what a run must have been like, whatever was done in it.
//
// Each oracle is a function of the history alone and knows nothing of the product. Its rule, the
// source of it and exactly what it does not judge stand beside its declaration in rules.h. One that
// excuses too much finds nothing; one that excuses too little cries wolf: so an excuse names the
// disturbance, the place and the time.
#pragma once

#include <compare>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "sim/history/history.h"

namespace prometheus_rsocket::sim::oracle {

struct Violation {
  std::string oracle;  // its name: `1-provenance`
  base::Instant at;    // when it showed
  std::string what;    // who and what, one line; times in it are seconds since the start
  friend auto operator<=>(const Violation&, const Violation&) = default;
};
// `1-provenance at 12.345678 s: …`, the time as in the history's instants.
std::ostream& operator<<(std::ostream& out, const Violation& violation);

class Index;  // index.h

struct Oracle {
  std::string_view name;
  std::string_view rule;  // for people, one line
  bool liveness = false;  // judged from Healed on: the simulator's exit code tells them apart
  std::vector<Violation> (*judge)(const Index&) = nullptr;
};

// In the order of simulation.md: 1 … 13, L1 … L5; before those ours of names, I1 … I5.
[[nodiscard]] std::span<const Oracle> oracles();
// REQUIRES: there is one of that name.
[[nodiscard]] const Oracle& oracle_named(std::string_view name);

// All of them; by time.
[[nodiscard]] std::vector<Violation> judge(const history::History& history);

}  // namespace prometheus_rsocket::sim::oracle
