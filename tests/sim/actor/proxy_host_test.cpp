#include <gmock/gmock.h>

#include "actor_world.h"

namespace prometheus_rsocket::sim::actor {
namespace {

using history::ProxyEnd;

TEST(ProxyHost, SaysWhatItsProxyDoes) {
  ActorWorld it;
  it.start_proxy();
  EXPECT_EQ(it.all<history::ProxyStarted>().size(), 1U);
  ASSERT_EQ(it.all<history::ProxyKeyMade>().size(), 1U);
  it.add_client();
  ASSERT_EQ(it.all<history::KeyGiven>().size(), 1U);
  EXPECT_EQ(it.all<history::KeyGiven>()[0].key, it.all<history::ProxyKeyMade>()[0].key);
}

TEST(ProxyHost, RealKeysAreToldApartByWhatTheyAre) {
  Config network;
  network.real_keys = true;
  ActorWorld it(1, network);
  it.start_proxy();
  it.add_client();
  EXPECT_EQ(it.all<history::KeyGiven>()[0].key, it.all<history::ProxyKeyMade>()[0].key);
}

TEST(ProxyHost, CountsArrivalsAtItsRSocketDoorsAlone) {
  ActorWorld it;
  it.proxy.connection_arrived({kProxyAddress, kTcpPort});  // nobody is in
  it.start_proxy();
  it.proxy.connection_arrived({kProxyAddress, kTcpPort});
  it.proxy.connection_arrived({kProxyAddress, kWebSocketPort});
  it.proxy.connection_arrived({kProxyAddress, kWebPort});
  it.proxy.connection_arrived({ip("10.0.0.2"), kTcpPort});
  EXPECT_EQ(it.all<history::Accepted>().size(), 2U);
}

TEST(ProxyHost, ADrainedProxySendsItsClientsAwayAndExits) {
  ActorWorld it;
  it.start_proxy();
  it.add_client();
  it.proxy.drain();
  EXPECT_TRUE(it.proxy.draining());
  ASSERT_TRUE(it.run_until_next<history::ProxyEnded>());
  EXPECT_FALSE(it.proxy.running());
  it.world.run_for(1s);
  EXPECT_EQ(it.all<history::ProxyDraining>().size(), 1U);
  EXPECT_EQ(it.all<history::ProxyEnded>()[0].how, ProxyEnd::kExited);
  EXPECT_EQ(it.all<history::ProxyEnded>()[0].exit_code, 0);
  EXPECT_EQ(it.all<history::Disconnected>().size(), 1U);
}

TEST(ProxyHost, ASecondSignalMakesItExitWithOne) {
  ActorWorld it;
  it.start_proxy();
  it.add_client();
  it.proxy.drain();
  it.world.run_for(10ms);
  it.proxy.drain();
  ASSERT_TRUE(it.run_until_next<history::ProxyEnded>(1s));
  EXPECT_EQ(it.all<history::ProxyDraining>().size(), 1U);
  EXPECT_EQ(it.all<history::ProxyEnded>()[0].exit_code, 1);
}

TEST(ProxyHost, AKilledProxyIsSeenByItsClientAndALostOneIsNot) {
  for (const bool lost : {false, true}) {
    ActorWorld it;
    it.start_proxy();
    it.add_client();
    if (lost) {
      it.proxy.lose();
    } else {
      it.proxy.kill();
    }
    EXPECT_EQ(it.all<history::ProxyEnded>()[0].how, lost ? ProxyEnd::kLost : ProxyEnd::kKilled);
    it.world.run_for(1s);
    EXPECT_EQ(it.all<history::Disconnected>().size(), lost ? 0U : 1U);
  }
}

TEST(ProxyHost, ComesBackUnderItsAddressWithAKeyOfItsOwn) {
  ActorWorld it;
  it.start_proxy();
  it.add_client();
  it.proxy.kill();
  it.proxy.start();
  ASSERT_TRUE(it.run_until_next<history::KeyGiven>());
  const auto made = it.all<history::ProxyKeyMade>();
  ASSERT_EQ(made.size(), 2U);
  EXPECT_NE(made[0].key, made[1].key);
  EXPECT_EQ(it.all<history::KeyGiven>().back().key, made[1].key);
}

TEST(ProxyHost, ARestartBeginsWhenItHasLeft) {
  ActorWorld it;
  it.start_proxy();
  it.add_client();
  it.proxy.restart();
  ASSERT_TRUE(it.run_until_next<history::ProxyStarted>());
  EXPECT_EQ(it.times<history::ProxyStarted>().back(), it.times<history::ProxyEnded>().back());
  it.world.run_for(1min);
  EXPECT_TRUE(it.proxy.running());
  EXPECT_EQ(it.all<history::ProxyStarted>().size(), 2U);
}

TEST(ProxyHost, APushIsStoredAtItsCommitAndAcknowledgedAfterwards) {
  ActorWorld it(1, {}, 2s);
  it.start_proxy();
  OurClient& client = it.add_client();
  client.push(PushKind::kAcknowledged);
  ASSERT_TRUE(it.run_until_next<history::PushEnded>());
  const auto stored = it.all<history::PushStored>();
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].who, client.who());
  EXPECT_EQ(stored[0].sequence, it.all<history::PushBegan>()[0].sequence);
  EXPECT_TRUE(it.all<history::PushEnded>()[0].ok);
  const auto delay = it.times<history::PushStored>()[0] - it.times<history::PushBegan>()[0];
  EXPECT_GT(delay, 10ms);
  EXPECT_LE(it.times<history::PushStored>()[0], it.times<history::PushEnded>()[0]);
}

TEST(ProxyHost, WhatWasNotCommittedWhenItWasKilledWasNeverStored) {
  ActorWorld it(1, {}, 2s);
  it.start_proxy();
  it.add_client().push(PushKind::kAcknowledged);
  it.world.run_for(5ms);
  it.proxy.kill();
  it.world.run_for(1min);
  EXPECT_TRUE(it.all<history::PushStored>().empty());
  EXPECT_FALSE(it.all<history::PushEnded>().at(0).ok);
}

}  // namespace
}  // namespace prometheus_rsocket::sim::actor
