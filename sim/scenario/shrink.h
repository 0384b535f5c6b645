// From a scenario that fails to the smallest that still does: delta debugging over its commands and
// faults, then over the numbers of its setup.
#pragma once

#include <cstddef>
#include <functional>

#include "sim/scenario/scenario.h"

namespace prometheus_rsocket::sim::scenario {

struct Shrunk {
  Scenario scenario;
  std::size_t tries = 0;
  bool finished = true;  // false: the tries were used up
};

// `fails` says whether a scenario shows the same failure; it is a function of the scenario alone.
// REQUIRES: fails(scenario).
[[nodiscard]] Shrunk shrink(const Scenario& scenario,
                            const std::function<bool(const Scenario&)>& fails,
                            std::size_t tries_max);

}  // namespace prometheus_rsocket::sim::scenario
