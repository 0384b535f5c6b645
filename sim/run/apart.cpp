#include "sim/run/apart.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <type_traits>

#include "base/check.h"
#include "sim/machine/heap.h"

namespace prometheus_rsocket::sim::run {
namespace {

constexpr std::uint64_t kSecondSalt = 0x5eedU;

// A pipe takes it whole: PIPE_BUF is 4,096.
static_assert(std::is_trivially_copyable_v<Outcome> && sizeof(Outcome) <= 4096);

std::uint32_t bit_of(std::string_view name) {
  const auto all = oracle::oracles();
  const auto found = std::ranges::find(all, name, &oracle::Oracle::name);
  return found == all.end() ? 0 : std::uint32_t{1} << (found - all.begin());
}

Outcome outcome_of(const Report& report) {
  Outcome outcome;
  outcome.hash = report.hash;
  outcome.events = report.events;
  outcome.virtual_time = report.virtual_time;
  outcome.verdict = verdict_of(report.violations);
  for (const oracle::Violation& violation : report.violations) {
    outcome.failed.insert(violation.oracle);
  }
  outcome.counts = report.counts;
  return outcome;
}

// In a process of its own as well.
std::uint64_t hash_when_shuffled(const scenario::Scenario& scenario) {
  machine::set_heap_salt(kSecondSalt);
  const std::uint64_t hash = run_apart(scenario, false).hash;
  machine::set_heap_salt(0);
  return hash;
}

Outcome work(const scenario::Scenario& scenario, bool twice, const Look& look) {
  const std::uint64_t again = twice ? hash_when_shuffled(scenario) : 0;
  const Report report = run(scenario);
  if (look) look(report);
  Outcome outcome = outcome_of(report);
  if (twice && outcome.hash != again) outcome.verdict = Verdict::kNotDeterministic;
  return outcome;
}

}  // namespace

Verdict verdict_of(const std::vector<oracle::Violation>& violations) {
  Verdict verdict = Verdict::kFine;
  for (const oracle::Violation& violation : violations) {
    if (!violation.oracle.starts_with('L')) return Verdict::kUnsafe;
    verdict = Verdict::kNotLive;
  }
  return verdict;
}

void OracleSet::insert(std::string_view name) { bits_ |= bit_of(name); }

bool OracleSet::contains(std::string_view name) const { return (bits_ & bit_of(name)) != 0; }

std::vector<std::string_view> OracleSet::names() const {
  std::vector<std::string_view> names;
  for (const oracle::Oracle& oracle : oracle::oracles()) {
    if (contains(oracle.name)) names.push_back(oracle.name);
  }
  return names;
}

Apart::Apart(const scenario::Scenario& scenario, bool twice, const Look& look) {
  int ends[2];
  CHECK(::pipe(ends) == 0, "a pipe can be made");
  std::cout.flush();  // or the process would print it again
  std::fflush(nullptr);
  process_ = ::fork();
  CHECK(process_ >= 0, "a process can be made");
  if (process_ == 0) {
    ::close(ends[0]);
    const Outcome outcome = work(scenario, twice, look);
    std::cout.flush();
    std::fflush(nullptr);
    const bool told = ::write(ends[1], &outcome, sizeof outcome) == ssize_t{sizeof outcome};
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  pipe_ = ends[0];
}

Apart::~Apart() {
  ::close(pipe_);
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

Outcome Apart::outcome() {
  Outcome outcome;
  if (::read(pipe_, &outcome, sizeof outcome) != ssize_t{sizeof outcome}) outcome = {};
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
  return outcome;
}

Outcome run_apart(const scenario::Scenario& scenario, bool twice, const Look& look) {
  return Apart(scenario, twice, look).outcome();
}

}  // namespace prometheus_rsocket::sim::run
