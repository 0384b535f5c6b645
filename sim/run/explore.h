// Many runs, on several processors: which seeds fail, and whether everything did happen.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/time.h"
#include "sim/run/apart.h"

namespace prometheus_rsocket::sim::run {

struct Failure {
  std::uint64_t seed = 0;
  Verdict verdict{};
  OracleSet oracles;  // that failed; none where the run died
};

struct Exploration {
  std::function<scenario::Scenario(std::uint64_t seed)> draw;
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 1;
  unsigned jobs = 1;
  std::uint64_t twice_every = 8;  // so many-th seed is run twice
  // Told of each seed that is done; false: enough, no more are begun.
  std::function<bool(std::uint64_t done)> progress;
  // Told of each seed that fails; false: enough, likewise. May be empty.
  std::function<bool(const Failure& failure)> failed = {};
};

struct Summary {
  std::uint64_t runs = 0;
  std::uint64_t events = 0;
  base::Duration virtual_time{};
  std::uint64_t hash = 0;  // of the hashes of all runs, in the order of their seeds
  Counts counts;
  std::vector<Failure> failures;  // by seed
};

// Each run is made apart (apart.h).
[[nodiscard]] Summary explore(const Exploration& exploration);

}  // namespace prometheus_rsocket::sim::run
