// Which faults and rare branches an exploration has to have met, or it has tested nothing of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/run/run.h"

namespace prometheus_rsocket::sim::run {

// The names of what never happened though this kind of scenario has to bring it about: `discovery`
// what has to do with names, `mixed` everything else, others nothing.
[[nodiscard]] std::vector<std::string> never_happened(const Counts& counts,
                                                      std::string_view profile);

// A table of all counts, a few a line.
[[nodiscard]] std::string write_counts(const Counts& counts);

}  // namespace prometheus_rsocket::sim::run
