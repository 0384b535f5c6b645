// Scenarios drawn from a seed: what the simulator explores.
//
// Swarm testing: each family of faults and of commands is switched off in half of the seeds, so
// that rare combinations come about and no family hides behind another.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sim/scenario/scenario.h"

namespace prometheus_rsocket::sim::scenario {

// A kind of run, by the name that `--scenario=` takes.
struct Profile {
  std::string_view name;
  std::string_view meaning;  // for people, one line
};

// `mixed` first: it is what runs without a name.
[[nodiscard]] std::span<const Profile> profiles();
[[nodiscard]] bool is_profile(std::string_view name);

// The same name and seed give the same scenario, whatever the compiler. REQUIRES: is_profile(name).
[[nodiscard]] Scenario draw(std::string_view profile, std::uint64_t seed);

}  // namespace prometheus_rsocket::sim::scenario
