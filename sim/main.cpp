// prometheus-rsocket-sim: explores seeds, replays a scenario, or shrinks one.
//
// Exit 0 fine, 1 an oracle failed, 2 usage, 3 liveness failed, 4 not deterministic, 5 something
// that must happen never did (judged over 500 seeds or more). The last line is `seed=N hash=0x…`.

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/mutant.h"
#include "base/quantity.h"
#include "sim/options.h"
#include "sim/run/explore.h"
#include "sim/run/must_happen.h"
#include "sim/scenario/draw.h"
#include "sim/scenario/json.h"
#include "sim/scenario/shrink.h"
#include "sim/timeline/timeline.h"

namespace prometheus_rsocket::sim {
namespace {

using run::Verdict;
using Wall = std::chrono::steady_clock;

constexpr int kUsageExit = 2;
constexpr int kMustHappenExit = 5;
constexpr std::uint64_t kMustHappenSeeds = 500;
constexpr std::chrono::seconds kShrinkTime{55};
constexpr std::size_t kShrinkTries = 100'000;
constexpr std::size_t kViolationsShown = 10;

std::string hexadecimal(std::uint64_t value) {
  std::ostringstream out;
  out << "0x" << std::hex << value;
  return std::move(out).str();
}

std::string seconds(base::Duration time) {
  std::ostringstream out;
  out << std::chrono::duration<double>(time).count() << " s";
  return std::move(out).str();
}

double since(Wall::time_point start) {
  return std::chrono::duration<double>(Wall::now() - start).count();
}

scenario::Scenario read_scenario(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw UsageError(path + ": it cannot be read");
  const auto scenario = scenario::read_json(text.view());
  if (!scenario) throw UsageError(path + ": " + scenario.error().what);
  return *scenario;
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw UsageError(path + ": it cannot be written");
}

scenario::Scenario adapt(scenario::Scenario scenario, const Options& options) {
  scenario::Setup& setup = scenario.setup;
  if (options.duration) {
    const auto half = std::chrono::floor<std::chrono::milliseconds>(*options.duration / 2);
    const double factor =
        static_cast<double>(half.count()) * 1e6 / static_cast<double>(setup.duration.count());
    // What is done and broken keeps its place within the run.
    const auto move = [factor](base::Duration& at) {
      at = std::chrono::milliseconds(static_cast<std::int64_t>(
          static_cast<double>(at / std::chrono::milliseconds(1)) * factor));
    };
    for (auto& command : scenario.commands) move(command.at);
    for (auto& fault : scenario.faults) move(fault.at);
    setup.duration = half;
    setup.settle = half;
  }
  if (options.clients) setup.clients = *options.clients;
  return scenario;
}

void print_violations(const run::Report& report) {
  std::size_t shown = 0;
  for (const oracle::Violation& violation : report.violations) {
    if (shown++ == kViolationsShown) {
      std::cout << "  … and " << report.violations.size() - kViolationsShown << " more\n";
      return;
    }
    std::cout << "  at " << seconds(violation.at - report.history.rules.start) << ": "
              << violation.oracle << ": " << violation.what << "\n";
  }
}

void draw_timeline(const run::Report& report, const std::string& path, const std::string& title) {
  timeline::Options options;
  options.title = title;
  for (const oracle::Violation& violation : report.violations) {
    options.marks.push_back({violation.at, violation.oracle + ": " + violation.what});
  }
  write_file(path, timeline::draw_svg(report.history, options));
}

// What the options want of a run to be seen.
run::Look shown(const Options& options, const std::string& title) {
  return [&options, title](const run::Report& report) {
    if (options.trace) std::cout << timeline::write_text(report.history) << report.log;
    if (!options.svg.empty()) draw_timeline(report, options.svg, title);
    print_violations(report);
  };
}

std::string mutant_flag(const Options& options) {
  return options.mutant == 0 ? "" : " --mutant=" + std::to_string(options.mutant);
}

// Where no oracle says it.
std::string_view reason(const run::Outcome& outcome) {
  if (outcome.verdict == Verdict::kNotDeterministic) return ": two runs of it differ";
  return outcome.hash == 0 ? ": the run died" : "";
}

// What draws this seed again.
std::string command_of(const Options& options, std::uint64_t seed) {
  std::string command = "prometheus-rsocket-sim --scenario=" + options.scenario;
  if (options.clients) command += " --clients=" + std::to_string(*options.clients);
  if (options.duration) command += " --duration=" + base::format_duration(*options.duration);
  return command + " --seed=" + std::to_string(seed) + mutant_flag(options);
}

// The first oracle that failed; none where the run died, or is not deterministic.
std::string_view oracle_of(const run::Outcome& outcome) {
  const auto names = outcome.failed.names();
  return names.empty() || outcome.verdict == Verdict::kNotDeterministic ? "" : names.front();
}

// The same oracle, whatever else: so that one failure does not turn into another on the way.
bool fails_alike(const scenario::Scenario& candidate, const run::Outcome& failure) {
  const run::Outcome outcome =
      run::run_apart(candidate, failure.verdict == Verdict::kNotDeterministic);
  if (outcome.verdict != failure.verdict) return false;
  const std::string_view oracle = oracle_of(failure);
  return oracle.empty() ? oracle_of(outcome).empty() : outcome.failed.contains(oracle);
}

// Shrinks a failing scenario, leaves it in a file, and says how to run it again.
void minimise(const scenario::Scenario& scenario, const run::Outcome& failure,
              const Options& options, const std::string& name) {
  const auto start = Wall::now();
  const auto fails = [&](const scenario::Scenario& candidate) {
    return Wall::now() - start <= kShrinkTime && fails_alike(candidate, failure);
  };
  const scenario::Shrunk shrunk = scenario::shrink(scenario, fails, kShrinkTries);
  const std::string path = options.directory + "/" + name;
  write_file(path, scenario::write_json(shrunk.scenario));
  std::cout << "shrunk in " << since(start) << " s and " << shrunk.tries << " runs to "
            << shrunk.scenario.commands.size() << " commands and " << shrunk.scenario.faults.size()
            << " faults, " << shrunk.scenario.setup.clients << " clients, "
            << shrunk.scenario.setup.proxies << " proxies:\n"
            << scenario::write_json(shrunk.scenario);
  Options quiet = options;
  quiet.trace = false;
  static_cast<void>(
      run::run_apart(shrunk.scenario, false, shown(quiet, std::string(oracle_of(failure)))));
  std::cout << "again: prometheus-rsocket-sim --replay=" << path << mutant_flag(options) << "\n";
}

int replay(const Options& options) {
  const bool shrinks = !options.minimise.empty();
  const std::string& path = shrinks ? options.minimise : options.replay;
  const scenario::Scenario scenario = adapt(read_scenario(path), options);
  const run::Outcome outcome = run::run_apart(scenario, true, shown(options, path));
  if (outcome.verdict != Verdict::kFine) {
    std::cout << path << " fails" << reason(outcome) << "\n";
    if (shrinks) minimise(scenario, outcome, options, "minimised.json");
  } else if (shrinks) {
    throw UsageError(path + ": it does not fail");
  }
  std::cout << "seed=" << scenario.setup.seed << " hash=" << hexadecimal(outcome.hash) << "\n";
  return static_cast<int>(outcome.verdict);
}

void print_summary(const run::Summary& summary, double wall, unsigned jobs) {
  const double hours =
      std::chrono::duration<double, std::ratio<3600>>(summary.virtual_time).count();
  std::cout << summary.runs << " runs, " << hours << " virtual hours, " << summary.events
            << " events in " << wall << " s: " << static_cast<double>(summary.events) / wall / jobs
            << " events/s and " << hours / wall / jobs << " virtual hours/s, each of " << jobs
            << " processes\n";
}

int judge_must_happen(const run::Summary& summary, const std::string& scenario) {
  const auto missing = run::never_happened(summary.counts, scenario);
  std::cout << run::write_counts(summary.counts);
  if (summary.runs < kMustHappenSeeds || missing.empty()) return 0;
  std::cout << "never happened:";
  for (const std::string& name : missing) std::cout << " " << name;
  std::cout << "\n";
  return kMustHappenExit;
}

// What of --expect this failure is; empty: nothing.
std::string expected(const Options& options, const run::Failure& failure) {
  for (const std::string& name : options.expect) {
    const bool differs = failure.verdict == Verdict::kNotDeterministic;
    if (failure.oracles.contains(name) || (differs && name == kExpectHash)) return name;
  }
  return {};
}

// The names of all oracles that failed, and where first: what was found in place of the expected.
void print_found(const run::Summary& summary) {
  for (const oracle::Oracle& oracle : oracle::oracles()) {
    const auto first = std::ranges::find_if(
        summary.failures, [&](const run::Failure& f) { return f.oracles.contains(oracle.name); });
    if (first != summary.failures.end()) {
      std::cout << "failed: " << oracle.name << " seed=" << first->seed << "\n";
    }
  }
}

// Explores until what is expected is found: the gate over known bugs (ci/mutants).
int expect(const Options& options, run::Exploration what) {
  std::string found;
  std::uint64_t seed = 0;
  const bool is_hash = std::ranges::count(options.expect, kExpectHash) > 0;
  what.twice_every = is_hash ? 1 : 0;
  what.failed = [&](const run::Failure& failure) {
    if (!found.empty()) return false;
    found = expected(options, failure);
    seed = failure.seed;
    return found.empty();
  };
  const run::Summary summary = run::explore(what);
  print_found(summary);
  for (const std::string& name : run::never_happened(summary.counts, options.scenario)) {
    const std::string expected_name = std::string(kExpectMustHappen) + name;
    if (found.empty() && std::ranges::count(options.expect, expected_name) > 0) {
      found = expected_name;
      seed = options.seed + options.seeds - 1;
    }
  }
  if (found.empty()) {
    std::cout << "not found in " << summary.runs << " runs\n";
    return static_cast<int>(Verdict::kUnsafe);
  }
  std::cout << "found: " << found << " seed=" << seed << " runs=" << summary.runs << "\n";
  return 0;
}

int explore(const Options& options) {
  const auto draw = [&](std::uint64_t seed) {
    return adapt(scenario::draw(options.scenario, seed), options);
  };
  const auto start = Wall::now();
  auto told = start;
  run::Exploration what;
  what.draw = draw;
  what.first_seed = options.seed;
  what.seeds = options.seeds;
  what.jobs = options.jobs;
  what.progress = [&](std::uint64_t done) {
    if (Wall::now() - told > std::chrono::seconds(10)) {
      told = Wall::now();
      std::cerr << done << " of " << options.seeds << " runs\n";
    }
    return !options.wall_time || Wall::now() - start < *options.wall_time;
  };
  if (!options.expect.empty()) return expect(options, std::move(what));
  const run::Summary summary = run::explore(what);
  print_summary(summary, since(start), options.jobs);
  int code = summary.runs > 1 ? judge_must_happen(summary, options.scenario) : 0;
  for (const run::Failure& failure : summary.failures) {
    std::cout << "seed " << failure.seed << " fails (" << static_cast<int>(failure.verdict)
              << "): " << command_of(options, failure.seed) << "\n";
  }
  if (!summary.failures.empty()) {
    const run::Failure& first = summary.failures.front();
    const scenario::Scenario scenario = draw(first.seed);
    const run::Outcome outcome =
        run::run_apart(scenario, first.verdict == Verdict::kNotDeterministic,
                       shown(options, options.scenario + " " + std::to_string(first.seed)));
    minimise(scenario, outcome, options, "seed-" + std::to_string(first.seed) + ".json");
    code = static_cast<int>(first.verdict);
  } else if (options.seeds == 1 && (options.trace || !options.svg.empty())) {
    static_cast<void>(
        run::run_apart(draw(options.seed), false,
                       shown(options, options.scenario + " " + std::to_string(options.seed))));
  }
  std::cout << "seed=" << options.seed << " hash=" << hexadecimal(summary.hash) << "\n";
  return code;
}

int list() {
  for (const scenario::Profile& profile : scenario::profiles()) {
    std::cout << profile.name << "  " << profile.meaning << "\n";
  }
  return 0;
}

int main(const Options& options) {
#ifdef SIM_MUTANTS
  base::g_mutant = static_cast<base::Mutant>(options.mutant);
#endif
  if (options.list) return list();
  if (!options.replay.empty() || !options.minimise.empty()) return replay(options);
  return explore(options);
}

}  // namespace
}  // namespace prometheus_rsocket::sim

int main(int argc, char** argv) {
  using namespace prometheus_rsocket::sim;
  try {
    return main(parse_options(argc, argv));
  } catch (const Printed& printed) {
    std::cout << printed.text;
    return 0;
  } catch (const UsageError& error) {
    std::cerr << "prometheus-rsocket-sim: " << error.what() << "\n";
    return kUsageExit;
  }
}
