#include "sim/run/run.h"

#include <gtest/gtest.h>

#include "sim/run/explore.h"
#include "sim/scenario/draw.h"

namespace prometheus_rsocket::sim::run {
namespace {

using namespace std::chrono_literals;

scenario::Scenario small(std::string_view profile, std::uint64_t seed) {
  scenario::Scenario scenario = scenario::draw(profile, seed);
  scenario.setup.clients = 5;
  scenario.setup.duration = 2min;
  scenario.setup.settle = 2min;
  return scenario;
}

std::string text_of(const std::vector<oracle::Violation>& violations) {
  std::string text;
  for (const auto& violation : violations) text += violation.oracle + ": " + violation.what + "\n";
  return text;
}

TEST(Run, WhereNothingHappensNothingIsWrong) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Report report = run(small("calm", seed));
    EXPECT_EQ(text_of(report.violations), "") << "seed " << seed;
  }
}

TEST(Run, IsAFunctionOfItsScenarioWhateverTheOrderOfAddresses) {
  for (const std::string_view profile : {"calm", "mixed", "push", "java", "hostile"}) {
    EXPECT_NE(judge(small(profile, 7), true).verdict, Verdict::kNotDeterministic) << profile;
  }
}

TEST(Run, AProxyThatRestartsIsFoundAgainByItsName) {
  scenario::Scenario scenario;
  scenario.setup.clients = 1;
  scenario.setup.proxies = 2;
  scenario.setup.load_balancer = false;
  scenario.setup.duration = 2min;
  scenario.setup.settle = 4min;
  scenario.setup.max_backoff = 20s;
  scenario.commands = {
      {.at = 30s, .kind = scenario::CommandKind::kDrainProxy, .target = 0},
      {.at = 110s, .kind = scenario::CommandKind::kRestartProxy, .target = 1},
  };
  for (const oracle::Violation& violation : run(scenario).violations) {
    EXPECT_NE(violation.oracle, "L1") << violation.what;
  }
}

// `mixed` seed 10820: three more proxies had been started.
TEST(Run, ProxiesThatOftenMakeKeysDoNotSpin) {
  scenario::Scenario scenario;
  scenario.setup.clients = 0;
  scenario.setup.proxies = 6;
  scenario.setup.shards = 3;
  scenario.setup.key_rotation = 10s;
  scenario.setup.duration = 1min;
  scenario.setup.settle = 1min;
  EXPECT_EQ(text_of(run(scenario).violations), "");
}

TEST(Run, AnotherSeedIsAnotherRun) {
  EXPECT_NE(run(small("calm", 1)).hash, run(small("calm", 2)).hash);
}

TEST(Explore, TellsOfEachSeedAndAddsThemUp) {
  Exploration what;
  what.draw = [](std::uint64_t seed) { return small("calm", seed); };
  what.seeds = 4;
  what.jobs = 2;
  std::uint64_t told = 0;
  what.progress = [&](std::uint64_t) { return ++told < 100; };
  const Summary summary = explore(what);
  EXPECT_EQ(summary.runs, 4U);
  EXPECT_EQ(told, 4U);
  what.jobs = 1;
  EXPECT_EQ(explore(what).hash, summary.hash) << "the same, however many processes there are";
}

}  // namespace
}  // namespace prometheus_rsocket::sim::run
