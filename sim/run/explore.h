// Many runs, on several processors: which seeds fail, and whether everything did happen.
//
// Each worker is a child process of its own, so that a run that crashes is one failed seed, and no
// run sees another.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "sim/run/run.h"

namespace prometheus_rsocket::sim::run {

// By urgency; also the exit codes of prometheus-rsocket-sim.
enum class Verdict : std::uint8_t {
  kFine = 0,
  kUnsafe = 1,            // an oracle failed, or the run crashed
  kNotLive = 3,           // one of L1 … L5
  kNotDeterministic = 4,  // two runs of one scenario differ
};

// Runs it, and if `twice` again with the heap shuffled, and compares.
struct Judged {
  Report report;
  Verdict verdict = Verdict::kFine;
};
[[nodiscard]] Judged judge(const scenario::Scenario& scenario, bool twice);
[[nodiscard]] Verdict verdict_of(const std::vector<oracle::Violation>& violations);

struct Failure {
  std::uint64_t seed = 0;
  Verdict verdict{};
  std::uint32_t oracles = 0;  // that failed: a bit for each, in the order of oracle::oracles()

  [[nodiscard]] bool is_of(std::string_view oracle) const;
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

[[nodiscard]] Summary explore(const Exploration& exploration);

}  // namespace prometheus_rsocket::sim::run
