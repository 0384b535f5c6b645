// Runs a scenario: builds its world, does what it says when it says so, breaks what it breaks,
// heals it, and lets the oracles judge.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/probe.h"
#include "base/time.h"
#include "sim/happening.h"
#include "sim/history/history.h"
#include "sim/oracle/oracle.h"
#include "sim/scenario/scenario.h"

namespace prometheus_rsocket::sim::run {

// How often each kind of fault and of rare branch came about.
struct Counts {
  std::array<std::uint64_t, static_cast<std::size_t>(Happening::kCount)> happenings{};
  std::array<std::uint64_t, base::kProbes> probes{};

  void add(const Counts& other);
};

struct Report {
  std::uint64_t hash = 0;  // of every event, and of what was on every page
  std::uint64_t events = 0;
  base::Duration virtual_time{};
  std::vector<oracle::Violation> violations;
  Counts counts;
  history::History history;
  std::string log;  // of all processes
};

// A function of the scenario, and of nothing else in a process that has made no run before
// (apart.h): libraries keep what outlives a run.
[[nodiscard]] Report run(const scenario::Scenario& scenario);

}  // namespace prometheus_rsocket::sim::run
