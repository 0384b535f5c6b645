// Properties of whole runs: whatever is drawn, no judge finds anything. A failure leaves its
// scenario in a file and names the command that replays it; --minimise shrinks it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include "sim/run/apart.h"
#include "sim/scenario/draw.h"
#include "sim/scenario/json.h"

namespace prometheus_rsocket::sim::run {
namespace {

using namespace std::chrono_literals;
using scenario::Scenario;

// A run takes a good part of a second: few of them, unless RC_PARAMS says otherwise. Set before
// RapidCheck looks.
const int kFewRuns = ::setenv("RC_PARAMS", "max_success=60", 0);

Scenario draw_small(std::string_view profile) {
  const auto seed = *rc::gen::noShrink(rc::gen::inRange<std::uint64_t>(1, 1'000'000'000));
  Scenario scenario = scenario::draw(profile, seed);
  // What is done and broken keeps its place within the run.
  const auto factor = scenario.setup.duration / 3min;
  const auto moved = [factor](base::Duration at) {
    return std::chrono::floor<std::chrono::milliseconds>(at / factor);
  };
  for (auto& command : scenario.commands) command.at = moved(command.at);
  for (auto& fault : scenario.faults) fault.at = moved(fault.at);
  scenario.setup.duration = 3min;
  scenario.setup.settle = 4min;
  scenario.setup.max_backoff = 20s;
  scenario.setup.real_keys = false;
  scenario.setup.clients = *rc::gen::inRange<std::uint32_t>(1, 9);
  scenario.setup.proxies = *rc::gen::inRange<std::uint32_t>(1, 4);
  scenario.setup.shards = *rc::gen::inRange<std::uint32_t>(1, 3);
  return scenario;
}

void print_violations(const Report& report) {
  for (const oracle::Violation& violation : report.violations) {
    std::cerr << violation.oracle << ": " << violation.what << "\n";
  }
}

void expect_fine(std::string_view profile) {
  const Scenario scenario = draw_small(profile);
  if (run_apart(scenario, false, print_violations).verdict == Verdict::kFine) return;
  const std::string path = testing::TempDir() + std::string(profile) + "-" +
                           std::to_string(scenario.setup.seed) + ".json";
  std::ofstream(path) << scenario::write_json(scenario);
  RC_FAIL("seed " + std::to_string(scenario.setup.seed) +
          ", again: prometheus-rsocket-sim --replay=" + path);
}

RC_GTEST_PROP(Reconnect, AfterAnyScheduleOfOutagesEveryClientIsBackAndBackedOff, ()) {
  expect_fine("reconnect");
}

RC_GTEST_PROP(Rebalance, ScalingAndRestartsDoubleNobodyAndLoseNobody, ()) {
  expect_fine("rebalance");
}

RC_GTEST_PROP(PushAndClose, WhatIsAcknowledgedIsShownToEveryScraperOnce, ()) {
  expect_fine("push");
}

RC_GTEST_PROP(Discovery, NobodyTakesANameAndEveryListIsTrue, ()) { expect_fine("discovery"); }

RC_GTEST_PROP(Mixed, NothingIsEverWrong, ()) { expect_fine("mixed"); }

}  // namespace
}  // namespace prometheus_rsocket::sim::run
