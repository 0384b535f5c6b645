#include <gmock/gmock.h>

#include <algorithm>

#include "actor_world.h"

namespace prometheus_rsocket::sim::actor {
namespace {

using transport::TransportKind;

class OurClientOver : public testing::TestWithParam<TransportKind> {};
INSTANTIATE_TEST_SUITE_P(Of, OurClientOver,
                         testing::Values(TransportKind::kTcp, TransportKind::kWebSocket),
                         [](const auto& of) {
                           return of.param == TransportKind::kTcp ? "Tcp" : "WebSocket";
                         });

TEST_P(OurClientOver, WhatItNotesOfAScrapeIsOnThePage) {
  ActorWorld it;
  it.start_proxy();
  OurClient& client = it.add_client(GetParam());
  it.add_prometheus();
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
  const auto sampled = it.all<history::Sampled>();
  ASSERT_EQ(sampled.size(), 1U);
  const auto scrape = it.all<history::ScrapeEnded>()[0];
  EXPECT_EQ(scrape.trouble, "");
  ASSERT_EQ(scrape.samples.size(), sampled[0].parts);
  const auto at =
      std::chrono::duration_cast<std::chrono::microseconds>(it.times<history::Sampled>()[0]);
  EXPECT_EQ(scrape.samples[0], (history::ShownSample{client.who(), 0, 1, at.count()}));
  EXPECT_EQ(it.all<history::KeyUsed>().size(), 1U);
}

TEST(OurClient, EveryLifeOnItsHostIsAnotherIncarnation) {
  ActorWorld it;
  it.start_proxy();
  OurClient& client = it.add_client();
  client.kill();
  EXPECT_FALSE(client.alive());
  client.start();
  ASSERT_TRUE(it.world.run_until([&] { return client.has_key(); }, 1min));
  client.lose();
  client.start();
  ASSERT_TRUE(it.world.run_until([&] { return client.has_key(); }, 1min));
  EXPECT_EQ(client.who().number, 3U);
  EXPECT_EQ(it.all<history::ClientStarted>().size(), 3U);
  const auto ended = it.all<history::ClientEnded>();
  ASSERT_EQ(ended.size(), 2U);
  EXPECT_EQ(ended[0].how, ClientEnd::kKilled);
  EXPECT_EQ(ended[1].how, ClientEnd::kLost);
}

TEST(OurClient, ARefusedDialFailsAndIsTriedAgain) {
  ActorWorld it;
  OurClient& client = it.new_client();
  client.start();
  ASSERT_TRUE(it.run_until_next<history::DialFailed>());
  it.start_proxy();
  ASSERT_TRUE(it.run_until_next<history::Connected>());
  EXPECT_EQ(it.all<history::DialBegan>().size(), 2U);
}

TEST(OurClient, AHungOneHoldsItsAnswersBackUntilItRecovers) {
  ActorWorld it;
  it.start_proxy();
  OurClient& client = it.add_client();
  it.add_prometheus();
  client.hang();
  client.hang();
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
  EXPECT_TRUE(it.all<history::ScrapeEnded>()[0].samples.empty());
  client.recover();
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
  ASSERT_FALSE(it.all<history::ScrapeEnded>()[1].samples.empty());
  EXPECT_EQ(it.all<history::ScrapeEnded>()[1].samples[0].sequence, 2U);
  EXPECT_EQ(it.all<history::Hung>().size(), 1U);
  EXPECT_EQ(it.all<history::Recovered>().size(), 1U);
}

TEST(OurClient, APushIsAnsweredAndItIsGoneWithItsProcess) {
  for (const PushKind kind : {PushKind::kAcknowledged, PushKind::kFireAndForget}) {
    ActorWorld it;
    it.start_proxy();
    OurClient& client = it.add_client();
    client.push(kind);
    ASSERT_TRUE(it.run_until_next<history::ClientEnded>());
    const auto began = it.all<history::PushBegan>();
    ASSERT_EQ(began.size(), 1U);
    EXPECT_EQ(began[0].time_max, 5s);
    ASSERT_EQ(it.all<history::PushEnded>().size(), 1U);
    EXPECT_TRUE(it.all<history::PushEnded>()[0].ok);
    EXPECT_EQ(it.all<history::ClientEnded>()[0].how, ClientEnd::kLeft);
    EXPECT_EQ(it.all<history::Disconnected>().size(), 1U);
    EXPECT_FALSE(client.alive());
    it.world.run_for(10s);
    EXPECT_EQ(it.all<history::PushStored>().size(), 1U);
    EXPECT_EQ(it.world.open_connections(), 0U);
  }
}

TEST(OurClient, APushWithoutAKeyFailsAtOnce) {
  ActorWorld it;
  OurClient& client = it.new_client();
  client.start();
  client.push(PushKind::kAcknowledged);
  ASSERT_TRUE(it.run_until_next<history::ClientEnded>(1s));
  EXPECT_FALSE(it.all<history::PushEnded>().at(0).ok);
}

TEST(OurClient, AClosedOneLeavesAndMayComeBack) {
  ActorWorld it;
  it.start_proxy();
  OurClient& client = it.add_client();
  client.close();
  ASSERT_TRUE(it.run_until_next<history::ClientEnded>());
  EXPECT_EQ(it.all<history::ClientEnded>()[0].how, ClientEnd::kLeft);
  client.start();
  EXPECT_TRUE(it.world.run_until([&] { return client.has_key(); }, 1min));
}

TEST(OurClient, WhoIsNotAliveIsToldInVain) {
  ActorWorld it;
  OurClient& client = it.new_client();
  client.close();
  client.push(PushKind::kAcknowledged);
  client.hang();
  client.recover();
  client.kill();
  client.lose();
  EXPECT_TRUE(it.recorder.history().entries.empty());
}

TEST(OurClient, TheSameSeedTellsTheSameStory) {
  const auto story = [](std::uint64_t seed) {
    ActorWorld it(seed);
    it.start_proxy();
    it.add_client(TransportKind::kWebSocket);
    it.add_prometheus();
    it.world.run_for(2min);
    it.proxy.restart();
    it.world.run_for(2min);
    std::vector<base::Instant> moments;
    for (const auto& entry : it.recorder.history().entries) moments.push_back(entry.at);
    return std::pair(it.world.trace_hash(), moments);
  };
  EXPECT_EQ(story(5), story(5));
  EXPECT_NE(story(5), story(6));
}

}  // namespace
}  // namespace prometheus_rsocket::sim::actor
