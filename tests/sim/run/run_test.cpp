#include "sim/run/run.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "sim/run/explore.h"
#include "sim/scenario/draw.h"
#include "sim/scenario/json.h"

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
  for (const std::string_view profile : {"calm", "mixed", "push", "java", "hostile", "discovery"}) {
    EXPECT_NE(run_apart(small(profile, 7), true).verdict, Verdict::kNotDeterministic) << profile;
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

// Whom each way of telling addresses tells of, with a load balancer and all kinds of forgeries.
TEST(Run, AddressesAreTrueHoweverTheyAreTold) {
  for (std::uint32_t header = 0; header < 3; ++header) {
    for (const bool forwarded_for : {false, true}) {
      scenario::Scenario scenario = small("calm", 3);
      scenario.setup.load_balancer = true;
      scenario.setup.websocket_percent = 50;
      scenario.setup.java_114_clients = 2;
      scenario.setup.discoverers = 1;
      scenario.setup.discovery_interval = 5s;
      scenario.setup.proxy_header = header;
      scenario.setup.forwarded_for = forwarded_for;
      for (std::uint32_t i = 0; i < 40; ++i) {
        scenario.commands.push_back({.at = 5s + i * 2s,
                                     .kind = scenario::CommandKind::kForgeAddress,
                                     .target = i,
                                     .amount = i});
      }
      const Report report = run(scenario);
      EXPECT_EQ(text_of(report.violations), "") << header << forwarded_for;
      const auto refused = static_cast<std::size_t>(base::Probe::kHeaderRefused);
      EXPECT_EQ(report.counts.probes[refused] > 0, header > 0);
      const auto believed = static_cast<std::size_t>(base::Probe::kForwardedBelieved);
      // A header says that the peer is the client, which nobody believes anything.
      EXPECT_EQ(report.counts.probes[believed] > 0, forwarded_for && header == 0);
    }
  }
}

TEST(Run, WhoClaimsANameDoesNotGetItFromTheLivingAndHasItAfterTheDead) {
  scenario::Scenario scenario = small("calm", 3);
  scenario.setup.proxies = 1;
  scenario.setup.discoverers = 1;
  scenario.setup.discovery_interval = 5s;
  scenario.commands = {
      {.at = 20s, .kind = scenario::CommandKind::kImpersonate, .target = 0, .length = 30s},
      {.at = 60s, .kind = scenario::CommandKind::kKillClient, .target = 1},
      {.at = 90s, .kind = scenario::CommandKind::kImpersonate, .target = 1, .length = 1min},
  };
  const Report report = run(scenario);
  EXPECT_EQ(text_of(report.violations), "");
  EXPECT_GT(report.counts.probes[static_cast<std::size_t>(base::Probe::kNameShared)], 0U);
  EXPECT_GT(report.counts.probes[static_cast<std::size_t>(base::Probe::kDepartedAsked)], 0U);
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

TEST(Apart, TellsTheSameAsTheReport) {
  const scenario::Scenario scenario = small("push", 3);
  const Outcome outcome = run_apart(scenario, false);
  const Report report = run(scenario);
  EXPECT_EQ(outcome.hash, report.hash);
  EXPECT_EQ(outcome.events, report.events);
  EXPECT_EQ(outcome.virtual_time, report.virtual_time);
  EXPECT_EQ(outcome.counts.happenings, report.counts.happenings);
  EXPECT_EQ(outcome.counts.probes, report.counts.probes);
  EXPECT_EQ(outcome.verdict, verdict_of(report.violations));
}

TEST(Apart, ARunThatDiesHasFailedAndNobodyElse) {
  const Look die = [](const Report&) { std::_Exit(3); };
  const Outcome outcome = run_apart(small("calm", 1), false, die);
  EXPECT_EQ(outcome.verdict, Verdict::kUnsafe);
  EXPECT_EQ(outcome.hash, 0U);
  EXPECT_TRUE(outcome.failed.names().empty());
}

// `mixed` seed 35592: a corrupt byte breaks the length of a WebSocket frame; what is read then
// depends on the masks of the frames behind it.
constexpr std::string_view kBrokenLength = R"({"version": 1,
  "setup": {"seed":35592,"duration":"11m35s","settle":"8m","shards":1,"clients":6,
    "java_113_clients":1,"java_114_clients":4,"websocket_percent":50,"parts_max":16,"scrapers":2,
    "key_rotation":"14s","connections_spare":40,"latency":"0s","jitter":"19ms","tail_percent":0,
    "short_write_percent":100,"reset_loses_unread_percent":0},
  "commands": [
    {"at":"2m54s262ms","kind":"lose_client","target":663,"length":"167ms","amount":207},
    {"at":"2m55s972ms","kind":"drain_proxy","target":374,"length":"6s233ms","amount":780},
    {"at":"11m27s839ms","kind":"restart_proxy","target":208,"length":"907ms","amount":169}],
  "faults": [
    {"at":"2m58s477ms","kind":"idle_drop","length":"1s800ms","a":759,"b":969},
    {"at":"11m34s373ms","kind":"corrupt","length":"143ms","a":8,"b":194}]})";

TEST(Apart, TheMasksOfAWebSocketAreTheRunsOwn) {
  const auto scenario = scenario::read_json(kBrokenLength);
  ASSERT_TRUE(scenario);
  EXPECT_EQ(run_apart(*scenario, true).verdict, Verdict::kFine);
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
