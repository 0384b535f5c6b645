#include "sim/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>

#include "base/mutant.h"
#include "base/quantity.h"
#include "sim/oracle/oracle.h"
#include "sim/run/must_happen.h"
#include "sim/scenario/draw.h"

namespace prometheus_rsocket::sim {
namespace {

void add_duration(CLI::App& app, const std::string& flag, std::optional<base::Duration>& value,
                  const std::string& help) {
  app.add_option_function<std::string>(
         flag,
         [flag, &value](const std::string& text) {
           const auto parsed = base::parse_duration(text);
           if (!parsed) throw UsageError(flag + "=" + text + ": " + parsed.error().message());
           if (*parsed == base::Duration::zero()) {
             throw UsageError(flag + "=" + text + ": it must be more than 0");
           }
           value = *parsed;
         },
         help)
      ->type_name("DURATION");
}

// Whether it is `must-happen:NAME` of something that is counted: of a run without any, all never
// are.
bool is_counted(std::string_view name) {
  if (!name.starts_with(kExpectMustHappen)) return false;
  name.remove_prefix(kExpectMustHappen.size());
  return std::ranges::count(run::never_happened(run::Counts{}, "mixed"), name) > 0;
}

void check(const Options& options) {
  if (!scenario::is_profile(options.scenario)) {
    std::string names;
    for (const auto& profile : scenario::profiles()) names += " " + std::string(profile.name);
    throw UsageError("--scenario=" + options.scenario + ": unknown; there are:" + names);
  }
  if (options.seeds == 0) throw UsageError("--seeds=0: it must be at least 1");
  if (options.jobs == 0) throw UsageError("--jobs=0: it must be at least 1");
  if (!options.replay.empty() && !options.minimise.empty()) {
    throw UsageError("--replay and --minimise exclude each other");
  }
  for (const std::string& name : options.expect) {
    const bool is_known = name == kExpectHash || is_counted(name) ||
                          std::ranges::count(oracle::oracles(), name, &oracle::Oracle::name) > 0;
    if (!is_known) throw UsageError("--expect=" + name + ": no oracle has this name");
  }
  if (options.mutant > base::kMutants) {
    throw UsageError("--mutant=" + std::to_string(options.mutant) + ": 1 to " +
                     std::to_string(base::kMutants));
  }
#ifndef SIM_MUTANTS
  if (options.mutant != 0) {
    throw UsageError("--mutant=" + std::to_string(options.mutant) +
                     ": this build has none; configure with -DSIM_MUTANTS=ON");
  }
#endif
}

}  // namespace

Options parse_options(int argc, const char* const* argv) {
  Options options;
  CLI::App app(
      "Runs whole proxies, applications and scrapers on a virtual network, breaks things, "
      "and judges what comes of it.",
      "prometheus-rsocket-sim");
  app.add_option("--seed", options.seed, "the first seed [1]");
  app.add_option("--seeds", options.seeds, "how many seeds [1]");
  app.add_option("--scenario", options.scenario, "what kind of run: see --list [mixed]");
  app.add_option("--replay", options.replay, "run the scenario in this file")->type_name("FILE");
  app.add_option("--minimise", options.minimise, "shrink the failing scenario in this file")
      ->type_name("FILE");
  add_duration(app, "--duration", options.duration, "of each run, in virtual time");
  app.add_option_function<double>(
      "--hours",
      [&options](const double value) {
        if (!(value > 0) || value > 10'000) throw UsageError("--hours: more than 0");
        options.duration = std::chrono::duration_cast<base::Duration>(
            std::chrono::duration<double, std::ratio<3600>>(value));
      },
      "the same, in hours");
  app.add_option_function<std::uint32_t>(
      "--clients", [&options](const std::uint32_t value) { options.clients = value; },
      "clients of ours in each run");
  add_duration(app, "--wall-time", options.wall_time, "begin no more seeds after this time");
  app.add_option("--mutant", options.mutant, "switch a known bug on (builds with SIM_MUTANTS)");
  app.add_option("--expect", options.expect,
                 "stop where one of these oracles fails, exit 0 if one did [explore all]")
      ->delimiter(',');
  app.add_option("--jobs", options.jobs, "processes [1]");
  app.add_flag("--trace", options.trace, "print everything that happened");
  app.add_option("--svg", options.svg, "draw the time-line into this file")->type_name("FILE");
  app.add_option("--directory", options.directory, "where failures are left [.]");
  app.add_flag("--list", options.list, "name the scenarios");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success&) {
    throw Printed{app.help()};
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
  check(options);
  return options;
}

}  // namespace prometheus_rsocket::sim
