// Every attack of the list against our proxy: nobody else is the worse for it.
#include "sim/actor/hostile_peer.h"

#include <gmock/gmock.h>

#include <set>

#include "actor_world.h"

namespace prometheus_rsocket::sim::actor {
namespace {

class HostilePeerTest : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Plays, HostilePeerTest, testing::Range(std::size_t{0}, attacks().size()),
                         [](const auto& of) { return std::string(attacks()[of.param].name); });

TEST_P(HostilePeerTest, AndEverybodyElseIsServed) {
  ActorWorld it;
  it.start_proxy();
  it.add_client();
  it.add_client(transport::TransportKind::kWebSocket);
  it.add_prometheus(0, 15s);
  HostilePeer hostile(it.world, 0, it.new_address(), it.proxy.address(), attacks()[GetParam()]);
  EXPECT_TRUE(it.world.run_until([&] { return !hostile.alive(); }, 5min));
  it.world.run_for(1min);
  const auto scrapes = it.all<history::ScrapeEnded>();
  ASSERT_GE(scrapes.size(), 4U);
  for (const auto& scrape : scrapes) {
    EXPECT_EQ(scrape.result, ScrapeResult::kWhole);
    EXPECT_EQ(scrape.status, 200);
    EXPECT_EQ(scrape.trouble, "");
    std::set<history::Incarnation> shown;
    for (const auto& sample : scrape.samples) shown.insert(sample.who);
    EXPECT_EQ(shown.size(), 2U) << "at scrape " << scrape.scrape;
  }
  EXPECT_EQ(it.all<history::Disconnected>().size(), 0U);
  EXPECT_EQ(it.world.open_connections(), 3U) << it.world.log_text();
}

TEST(HostilePeer, ThoseThatAnswerAreAsked) {
  for (const Attack& attack : attacks_by_answers()) {
    if (!attack.answer) continue;
    ActorWorld it;
    it.start_proxy();
    it.add_prometheus(0, 15s);
    HostilePeer hostile(it.world, 0, it.new_address(), it.proxy.address(), attack);
    EXPECT_TRUE(it.world.run_until([&] { return !hostile.alive(); }, 5min));
    EXPECT_GE(hostile.questions(), 1U) << attack.name;
  }
}

TEST(Attacks, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Attack& attack : attacks()) names.insert(attack.name);
  EXPECT_EQ(names.size(), attacks().size());
  EXPECT_GE(names.size(), 40U);
}

}  // namespace
}  // namespace prometheus_rsocket::sim::actor
