#include "sim/scenario/shrink.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "sim/scenario/draw.h"

namespace prometheus_rsocket::sim::scenario {
namespace {

constexpr std::size_t kPlenty = 100'000;

// A scenario with `count` commands that are told apart by their number.
Scenario with_commands(std::uint32_t count) {
  Scenario scenario;
  for (std::uint32_t i = 0; i < count; ++i) {
    scenario.commands.push_back({1s * i, CommandKind::kKillClient, i, 10s, 0});
  }
  return scenario;
}

std::set<std::uint32_t> numbers_of(const Scenario& scenario) {
  std::set<std::uint32_t> numbers;
  for (const Command& command : scenario.commands) numbers.insert(command.target);
  return numbers;
}

RC_GTEST_PROP(Shrink, LeavesExactlyTheCommandsThatTheFailureNeeds, ()) {
  const auto needed = *rc::gen::container<std::set<std::uint32_t>>(rc::gen::inRange(0U, 40U));
  const auto fails = [&](const Scenario& s) {
    return std::ranges::includes(numbers_of(s), needed);
  };
  const Shrunk shrunk = shrink(with_commands(40), fails, kPlenty);
  RC_ASSERT(numbers_of(shrunk.scenario) == needed);
  RC_ASSERT(shrunk.finished);
}

TEST(Shrink, LowersEveryNumberToWhatTheFailureNeeds) {
  Scenario scenario = draw("mixed", 3);
  scenario.setup.clients = 57;
  scenario.setup.shards = 5;
  scenario.setup.discoverers = 2;
  scenario.setup.proxy_header = 2;
  scenario.setup.forwarded_for = true;
  const auto fails = [](const Scenario& s) {
    return s.setup.clients >= 3 && s.setup.shards >= 2 && s.setup.duration >= 90s;
  };
  const Shrunk shrunk = shrink(scenario, fails, kPlenty);
  EXPECT_EQ(shrunk.scenario.setup.clients, 3U);
  EXPECT_EQ(shrunk.scenario.setup.shards, 2U);
  EXPECT_EQ(shrunk.scenario.setup.proxies, 1U);
  EXPECT_EQ(shrunk.scenario.setup.duration, 90s);
  EXPECT_FALSE(shrunk.scenario.setup.load_balancer);
  EXPECT_EQ(shrunk.scenario.setup.discoverers, 0U);
  EXPECT_EQ(shrunk.scenario.setup.proxy_header, 0U);
  EXPECT_FALSE(shrunk.scenario.setup.forwarded_for);
  EXPECT_TRUE(shrunk.scenario.commands.empty());
  EXPECT_TRUE(shrunk.scenario.faults.empty());
}

TEST(Shrink, ShortensWhatLasts) {
  const auto fails = [](const Scenario& s) {
    return !s.commands.empty() && s.commands.front().length >= 1s;
  };
  const Shrunk shrunk = shrink(with_commands(1), fails, kPlenty);
  EXPECT_GE(shrunk.scenario.commands.front().length, 1s);
  EXPECT_LT(shrunk.scenario.commands.front().length, 2s);
}

TEST(Shrink, EndsWhenItsTriesAreUsedUpWithWhatItHas) {
  const auto fails = [](const Scenario& s) { return numbers_of(s).contains(17); };
  const Shrunk shrunk = shrink(with_commands(40), fails, 3);
  EXPECT_EQ(shrunk.tries, 3U);
  EXPECT_FALSE(shrunk.finished);
  EXPECT_TRUE(fails(shrunk.scenario));
}

TEST(Shrink, NeverGivesAScenarioThatDoesNotFail) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Scenario scenario = draw("mixed", seed);
    if (scenario.faults.empty()) continue;
    const auto fails = [&](const Scenario& s) {
      return std::ranges::count(s.faults, scenario.faults.back().kind, &Fault::kind) > 0;
    };
    EXPECT_TRUE(fails(shrink(scenario, fails, kPlenty).scenario));
  }
}

}  // namespace
}  // namespace prometheus_rsocket::sim::scenario
