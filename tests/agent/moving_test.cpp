// An agent that is asked to leave goes elsewhere first (transport/leaving.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent_world.h"

namespace prometheus_rsocket::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Connected with the first of two proxies for so long that it is stable, the second is there.
struct Moving : testing::Test {
  Moving() {
    it.config.targets.push_back(it.config.targets.front());
    it.config.targets.back().host = "10.0.0.2";
    it.connect();
    it.world.run_for(kStableTime + seconds(10));
    it.start_proxy("10.0.0.2");
  }

  // Asked to leave, and connected with the second.
  void move() {
    old().ask_to_leave();
    ASSERT_TRUE(it.world.run_until([&] { return it.proxy->has_client(); }, kRedialSpread * 2));
  }
  Peer& old() { return first.newest(); }
  std::string scrape(Peer& peer) {
    peer.scrape();
    it.world.run_for(seconds(1));
    return peer.replies.back();
  }

  AgentWorld it;
  ScriptedProxy& first = it.start_proxy();
};

TEST_F(Moving, ItAnswersOnTheOldConnectionUntilItWasScrapedOnTheNew) {
  move();
  it.give_key();
  it.world.run_for(seconds(20));
  EXPECT_EQ(scrape(old()), "up 1\n");
  EXPECT_EQ(scrape(it.proxy->newest()), "up 1\n");
  EXPECT_TRUE(old().closed);
  EXPECT_EQ(old().goodbye->text, "the client has gone elsewhere");
  it.world.run_for(std::chrono::minutes(5));
  EXPECT_EQ(it.proxy->open(), 1U);
  EXPECT_EQ(it.proxy->accepted.size() + first.accepted.size(), 2U);
  EXPECT_EQ(it.observer.all<Disconnected>().front().connection, 1U);
}

TEST_F(Moving, WhileNobodyElseAnswersItStays) {
  it.world.kill(*it.proxy_process);
  old().ask_to_leave();
  it.world.run_for(std::chrono::minutes(1));
  EXPECT_EQ(scrape(old()), "up 1\n");
  EXPECT_TRUE(it.agent->has_key());
  EXPECT_EQ(first.accepted.size(), 1U + it.observer.all<DialFailed>().size());
}

// An only proxy that ends: it listens no more, and serves whom it has.
struct MovingNowhere : testing::Test {
  void ask_to_leave_after(base::Duration time) {
    it.connect();
    it.world.run_for(time);
    it.proxy->stop_listening();
    it.proxy->newest().ask_to_leave();
  }
  AgentWorld it;
};

TEST_F(MovingNowhere, DialsThatFailWhileTheOldConnectionServesUseUpNoRetries) {
  it.config.retry.retries_max = 0;
  ask_to_leave_after(seconds(1));
  it.world.run_for(std::chrono::minutes(10));
  EXPECT_GT(it.observer.all<DialFailed>().size(), 2U);
  EXPECT_THAT(it.observer.all<Ended>(), IsEmpty());
  EXPECT_EQ(it.scrape(), "up 1\n");
  it.proxy->newest().close(rsocket::ErrorCode::kConnectionClose);
  it.world.run_for(std::chrono::minutes(1));
  EXPECT_THAT(it.observer.all<Ended>(), ElementsAre(Ended{EndReason::kRetriesExhausted}));
}

TEST_F(MovingNowhere, OnceTheOldConnectionEndsItDialsSoonWhateverFailedBefore) {
  ask_to_leave_after(kStableTime);
  it.world.run_for(std::chrono::minutes(30));
  const std::size_t dials = it.observer.all<Dialling>().size();
  EXPECT_GT(dials, 4U);
  it.proxy->newest().close(rsocket::ErrorCode::kConnectionClose);
  it.world.run_for(kRedialSpread + seconds(1));
  EXPECT_EQ(it.observer.all<Dialling>().size(), dials + 1);
  EXPECT_EQ(it.observer.all<Retrying>().back().failures, 1U) << "of the dial just now";
}

// Proxies that are replaced one after the other, faster than a connection is stable.
TEST_F(Moving, ThatOneProxyAfterTheOtherEndsIsNotAFailureOfTheirs) {
  move();
  for (int i = 0; i < 4; ++i) {
    ScriptedProxy& ending = i % 2 == 0 ? *it.proxy : first;  // dialled in turn
    ScriptedProxy& other = i % 2 == 0 ? first : *it.proxy;
    ending.newest().give_key();
    it.world.run_for(seconds(1));
    const std::size_t before = other.accepted.size();
    ending.newest().ask_to_leave();
    ASSERT_TRUE(it.world.run_until([&] { return other.accepted.size() > before; },
                                   kFirstBackoff * 3 / 2 + seconds(1)));
    it.world.run_for(seconds(1));
  }
}

TEST_F(Moving, OfTooManyOldConnectionsTheFirstIsKeptWhichAloneWasScraped) {
  EXPECT_EQ(scrape(old()), "up 1\n");
  Peer& scraped = old();
  move();
  it.world.run_for(kStableTime);
  for (int i = 0; i < 3; ++i) {
    for (ScriptedProxy* proxy : {&first, it.proxy}) {
      for (const auto& peer : proxy->peers) {
        if (!peer->closed) peer->ask_to_leave();
      }
    }
    it.world.run_for(kStableTime * 2);
  }
  EXPECT_LE(first.open() + it.proxy->open(), kOldLinksMax + 1);
  EXPECT_FALSE(scraped.closed);
  EXPECT_EQ(scrape(scraped), "up 1\n");
}

TEST_F(Moving, AnOldConnectionThatEndsMeanwhileIsNotDialledForAgain) {
  move();
  old().close(rsocket::ErrorCode::kConnectionClose);
  it.world.run_for(std::chrono::minutes(5));
  EXPECT_EQ(it.proxy->accepted.size() + first.accepted.size(), 2U);
  EXPECT_EQ(it.proxy->open(), 1U);
}

TEST_F(Moving, ANewConnectionThatEndsIsDialledAgainAndTheOldOneServes) {
  move();
  it.proxy->newest().close(rsocket::ErrorCode::kConnectionClose);
  it.world.run_for(seconds(1));
  EXPECT_EQ(scrape(old()), "up 1\n");
  ASSERT_TRUE(it.world.run_until([&] { return it.proxy->peers.size() + first.peers.size() > 2; },
                                 std::chrono::minutes(1)));
}

TEST_F(Moving, AskedOnTheNewConnectionTooItGoesOnFromThere) {
  move();
  it.give_key();
  it.proxy->newest().ask_to_leave();
  it.world.run_for(seconds(1));
  EXPECT_EQ(scrape(old()), "up 1\n") << "nobody has scraped it elsewhere";
  EXPECT_EQ(scrape(it.proxy->newest()), "up 1\n");
  EXPECT_TRUE(old().closed);
  EXPECT_FALSE(it.proxy->newest().closed);
}

TEST_F(Moving, ProxiesThatAskEverybodyToLeaveDoNotCollectIt) {
  for (int i = 0; i < 10; ++i) {
    for (ScriptedProxy* proxy : {&first, it.proxy}) {
      if (!proxy->peers.empty() && !proxy->newest().closed) proxy->newest().ask_to_leave();
    }
    it.world.run_for(std::chrono::minutes(20));
  }
  EXPECT_GT(first.accepted.size() + it.proxy->accepted.size(), 8U);
  EXPECT_LE(first.open() + it.proxy->open(), kOldLinksMax + 1);
}

TEST_F(Moving, AskedTwiceItDialsOnce) {
  old().ask_to_leave();
  move();
  it.world.run_for(std::chrono::minutes(1));
  EXPECT_EQ(it.proxy->accepted.size(), 1U);
}

TEST_F(Moving, APushGoesThroughTheNewestConnectionThatHasAKey) {
  move();
  it.give_key();
  it.push(PushKind::kFireAndForget);
  EXPECT_EQ(it.wait_for_push(), runtime::error_code());
  it.world.run_for(seconds(1));
  EXPECT_THAT(it.proxy->newest().pushes, ElementsAre("up 1\n"));
  EXPECT_THAT(old().pushes, IsEmpty());
  EXPECT_TRUE(old().closed);
  EXPECT_TRUE(it.observer.saw(Ended{EndReason::kPushed}));
}

TEST_F(Moving, WithoutAKeyThereAPushGoesToTheOldProxy) {
  move();
  it.push(PushKind::kAcknowledged);
  it.world.run_for(seconds(1));
  ASSERT_THAT(old().pushes, ElementsAre("up 1\n"));
  old().acknowledge();
  EXPECT_EQ(it.wait_for_push(), runtime::error_code());
  it.world.run_for(seconds(1));
  EXPECT_TRUE(old().closed);
  EXPECT_TRUE(it.proxy->newest().closed);
  EXPECT_TRUE(it.agent->ended());
}

TEST_F(Moving, APushWhileItDialsGoesToTheOldProxyAndNothingIsDialledAnyMore) {
  old().ask_to_leave();
  it.world.run_for(std::chrono::milliseconds(10));
  it.push(PushKind::kFireAndForget);
  EXPECT_EQ(it.wait_for_push(), runtime::error_code());
  it.world.run_for(std::chrono::minutes(1));
  EXPECT_THAT(old().pushes, ElementsAre("up 1\n"));
  EXPECT_THAT(it.proxy->accepted, IsEmpty());
}

TEST_F(Moving, CloseSaysGoodbyeToBoth) {
  move();
  it.agent->close();
  it.world.run_for(seconds(1));
  EXPECT_EQ(old().goodbye->text, "closed by the application");
  EXPECT_EQ(it.proxy->newest().goodbye->text, "closed by the application");
  EXPECT_TRUE(it.agent->ended());
  EXPECT_EQ(it.observer.all<Ended>().size(), 1U);
}

}  // namespace
}  // namespace prometheus_rsocket::agent
