// Every kind of fault bites: a few of one kind, at places drawn as any, bring about what they say.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/draw.h"
#include "sim/run/run.h"
#include "sim/run/stage.h"
#include "sim/scenario/names.h"

namespace prometheus_rsocket::sim::run {
namespace {

using namespace std::chrono_literals;
using history::Place;
using scenario::FaultKind;

struct Bite {
  FaultKind kind;
  Happening happening;
  std::uint64_t amount = 0;
};

scenario::Scenario one_kind(const Bite& bite, bool load_balancer) {
  scenario::Scenario scenario;
  scenario.setup.clients = 8;
  scenario.setup.load_balancer = load_balancer;
  scenario.setup.duration = 5min;
  scenario.setup.settle = 10s;
  Draws draws(1, hash_of("bites"));
  for (int i = 0; i < 12; ++i) {
    scenario.faults.push_back({.at = 10s + i * 20s,
                               .length = 15s,
                               .kind = bite.kind,
                               .a = static_cast<std::uint32_t>(draws.below(1000)),
                               .b = static_cast<std::uint32_t>(draws.below(1000)),
                               .amount = bite.amount});
  }
  // Somebody dials anew now and then.
  for (std::uint32_t i = 0; i < 14; ++i) {
    scenario.commands.push_back({.at = 15s + i * 20s,
                                 .kind = scenario::CommandKind::kRestartClient,
                                 .target = i,
                                 .length = 1s});
  }
  return scenario;
}

class Injector : public testing::TestWithParam<Bite> {};

TEST_P(Injector, BitesWithALoadBalancerAndWithout) {
  for (const bool load_balancer : {true, false}) {
    const Report report = run(one_kind(GetParam(), load_balancer));
    EXPECT_GT(report.counts.happenings[static_cast<std::size_t>(GetParam().happening)], 0U)
        << "load balancer: " << load_balancer;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Of, Injector,
    testing::Values(Bite{FaultKind::kPartition, Happening::kMetCut},
                    Bite{FaultKind::kOneWay, Happening::kMetOneWayCut},
                    Bite{FaultKind::kIsolate, Happening::kMetIsolation},
                    Bite{FaultKind::kSlowLink, Happening::kSlowLink, 500},
                    Bite{FaultKind::kClog, Happening::kMetClog},
                    Bite{FaultKind::kBandwidth, Happening::kPaced, 5000},
                    Bite{FaultKind::kOneByte, Happening::kOneByte},
                    Bite{FaultKind::kReset, Happening::kConnectionReset},
                    Bite{FaultKind::kRefuse, Happening::kDialRefused},
                    Bite{FaultKind::kHangDials, Happening::kDialHung},
                    Bite{FaultKind::kClockJump, Happening::kWallClockJumped, 1000},
                    Bite{FaultKind::kNoDescriptors, Happening::kNoDescriptors}),
    [](const auto& test) { return std::string(scenario::to_string(test.param.kind)); });

TEST(Injector, AFloodIsHeldBeyondTheLimit) {
  scenario::Scenario scenario = one_kind({FaultKind::kFlood, Happening::kConnected, 40}, false);
  scenario.setup.connections_spare = 10;
  const Report report = run(scenario);
  EXPECT_GT(report.counts.probes[static_cast<std::size_t>(base::Probe::kConnectionHeld)], 0U);
}

// What exchanges anything with whom.
bool talk(Place::Kind a, Place::Kind b, bool load_balancer) {
  using Kind = Place::Kind;
  if (a > b) std::swap(a, b);
  if (b == Kind::kLoadBalancer) return a == Kind::kClient || a == Kind::kProxy;
  if (a == Kind::kClient) return b == Kind::kProxy && !load_balancer;
  return a == Kind::kProxy && b == Kind::kScraper;
}

TEST(Stage, ThePartnerOfAnyPlaceIsSomeoneItTalksTo) {
  for (const bool load_balancer : {true, false}) {
    World world(1);
    history::Recorder recorder({}, [&world] { return world.now(); });
    scenario::Setup setup;
    setup.load_balancer = load_balancer;
    Stage stage(world, recorder, setup);
    for (std::uint32_t number = 0; number < 200; ++number) {
      const Stage::Spot a = stage.spot(number);
      const Stage::Spot b = stage.partner(a, number * 7 % 13);
      EXPECT_TRUE(talk(a.place.kind, b.place.kind, load_balancer)) << a.place << " and " << b.place;
    }
  }
}

}  // namespace
}  // namespace prometheus_rsocket::sim::run
