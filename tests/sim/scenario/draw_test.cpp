#include "sim/scenario/draw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/draw.h"
#include "sim/scenario/json.h"
#include "sim/scenario/names.h"

namespace prometheus_rsocket::sim::scenario {
namespace {

constexpr std::uint64_t kSeeds = 300;

TEST(Draw, IsAFunctionOfProfileAndSeed) {
  std::set<std::string> drawn;
  for (const Profile& profile : profiles()) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const std::string json = write_json(draw(profile.name, seed));
      EXPECT_EQ(json, write_json(draw(profile.name, seed)));
      drawn.insert(json);
    }
  }
  EXPECT_EQ(drawn.size(), profiles().size() * 20);
}

// The same with every compiler and at every optimisation.
TEST(Draw, TheScenarioOfASeedIsKnown) {
  EXPECT_EQ(hash_of(write_json(draw("mixed", 7))), 7046989631836516851U)
      << write_json(draw("mixed", 7));
}

TEST(Draw, WhatIsDrawnCanBeWrittenAndRead) {
  for (const Profile& profile : profiles()) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      const Scenario scenario = draw(profile.name, seed);
      const auto read = read_json(write_json(scenario));
      ASSERT_TRUE(read) << read.error().what;
      EXPECT_EQ(*read, scenario);
    }
  }
}

TEST(Draw, EveryKindOfCommandAndFaultComesUp) {
  std::set<CommandKind> commands;
  std::set<FaultKind> faults;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Scenario scenario = draw("mixed", seed);
    for (const Command& command : scenario.commands) commands.insert(command.kind);
    for (const Fault& fault : scenario.faults) faults.insert(fault.kind);
  }
  EXPECT_EQ(commands.size(), kCommandKinds);
  EXPECT_EQ(faults.size(), kFaultKinds);
}

TEST(Draw, EachKindIsAbsentFromAtLeastAThirdOfTheSeeds) {
  std::uint64_t with_partition = 0;
  std::uint64_t with_kill = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Scenario scenario = draw("mixed", seed);
    const auto is_partition = [](const Fault& f) { return f.kind == FaultKind::kPartition; };
    const auto is_kill = [](const Command& c) { return c.kind == CommandKind::kKillProxy; };
    with_partition += std::ranges::any_of(scenario.faults, is_partition) ? 1 : 0;
    with_kill += std::ranges::any_of(scenario.commands, is_kill) ? 1 : 0;
  }
  for (const std::uint64_t with : {with_partition, with_kill}) {
    EXPECT_GT(with, 0U);
    EXPECT_LT(with, kSeeds * 2 / 3);
  }
}

// Of `discovery` all seeds have them, of `mixed` some: the others are what they were before.
TEST(Draw, WhoDiscoversAndClaimsNamesIsInSomeSeedsOfMixed) {
  std::uint64_t discovering = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    EXPECT_GT(draw("discovery", seed).setup.discoverers, 0U);
    const Scenario scenario = draw("mixed", seed);
    const bool discovers = scenario.setup.discoverers > 0;
    discovering += discovers ? 1 : 0;
    const bool has_its = std::ranges::any_of(scenario.commands, [](const Command& c) {
      return c.kind >= CommandKind::kImpersonate && c.kind <= CommandKind::kForgeAddress;
    });
    EXPECT_TRUE(discovers || !has_its) << seed;
    EXPECT_TRUE(scenario.setup.load_balancer || scenario.setup.proxy_header == 0) << seed;
  }
  EXPECT_GT(discovering, kSeeds / 10);
  EXPECT_LT(discovering, kSeeds / 3);
}

TEST(Draw, OnlyNamesThatThereAreAreProfiles) {
  EXPECT_TRUE(is_profile("mixed"));
  EXPECT_FALSE(is_profile("Mixed"));
  EXPECT_FALSE(is_profile(""));
}

}  // namespace
}  // namespace prometheus_rsocket::sim::scenario
