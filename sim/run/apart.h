// One run in a process of its own: it sees no other run, and if it dies, only it has failed.
//
// Beast's WebSocket draws its masks from a generator that lives as long as the process: where a
// fault breaks a frame's length, what is read after it is masked bytes, and depends on every run
// before. So runs that are to be repeated, or compared by their hashes, are made this way, and by a
// process that has made none itself.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "sim/oracle/oracle.h"
#include "sim/run/run.h"

namespace prometheus_rsocket::sim::run {

// By urgency; also the exit codes of prometheus-rsocket-sim.
enum class Verdict : std::uint8_t {
  kFine = 0,
  kUnsafe = 1,            // an oracle failed, or the run crashed
  kNotLive = 3,           // one of L1 … L5
  kNotDeterministic = 4,  // two runs of one scenario differ
};

[[nodiscard]] Verdict verdict_of(const std::vector<oracle::Violation>& violations);

// A set of oracles: a bit for each, in the order of oracle::oracles().
class OracleSet {
 public:
  void insert(std::string_view name);
  [[nodiscard]] bool contains(std::string_view name) const;
  // In that order.
  [[nodiscard]] std::vector<std::string_view> names() const;

 private:
  std::uint32_t bits_ = 0;
};

// What is told of a run: all of it plain data.
struct Outcome {
  std::uint64_t hash = 0;  // 0 if it died
  std::uint64_t events = 0;
  base::Duration virtual_time{};
  Verdict verdict = Verdict::kUnsafe;
  OracleSet failed;  // none if it died
  Counts counts;
};

// Looks at the report within the run's process: to print or draw it. What it changes there, nobody
// else sees.
using Look = std::function<void(const Report& report)>;

// A run that goes on. Whoever destroys it before its end ends it.
class Apart {
 public:
  // If `twice`, runs it once more with the heap shuffled, and compares.
  Apart(const scenario::Scenario& scenario, bool twice, const Look& look = {});
  Apart(const Apart&) = delete;
  Apart& operator=(const Apart&) = delete;
  ~Apart();

  // Becomes readable at its end.
  [[nodiscard]] int descriptor() const { return pipe_; }
  // Waits for its end; once.
  [[nodiscard]] Outcome outcome();

 private:
  pid_t process_ = -1;
  int pipe_ = -1;
};

[[nodiscard]] Outcome run_apart(const scenario::Scenario& scenario, bool twice,
                                const Look& look = {});

}  // namespace prometheus_rsocket::sim::run
