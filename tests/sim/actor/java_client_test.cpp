// The model of the Java client against what was measured (wire-protocol.md, section 1).
#include "sim/actor/java_client.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "../../rsocket/hex.h"
#include "actor_world.h"
#include "sim/peer/rsocket_bytes.h"

namespace prometheus_rsocket::sim::actor {
namespace {

using history::ClientKind;
using peer::framed;
using rsocket::StreamId;
using transport::TransportKind;

std::string frame(StreamId stream, rsocket::FrameBody body) {
  return framed(rsocket::Frame{stream, std::move(body)});
}
std::string keepalive(bool respond, std::string_view data = "") {
  return frame({}, rsocket::KeepaliveFrame{respond, 0, base::as_bytes(data)});
}
std::string setup() { return frame({}, peer::setup_frame()); }

struct JavaWorld : ActorWorld {
  explicit JavaWorld(ClientKind kind, TransportKind transport = TransportKind::kTcp,
                     std::uint64_t seed = 1)
      : ActorWorld(seed),
        java(world, recorder,
             {.instance = {0},
              .host = new_address(),
              .kind = kind,
              .target = {kProxyAddress.to_string(),
                         transport == TransportKind::kTcp ? kTcpPort : kWebSocketPort, transport,
                         "/"},
              .parts_max = 20}) {}

  // In place of the proxy: bytes.
  RawServer& serve_raw() {
    Process& host = world.add_process(kProxyAddress);
    return host.emplace<RawServer>(host, kTcpPort);
  }
  RawServer& connect_raw() {
    RawServer& server = serve_raw();
    java.start();
    EXPECT_TRUE(world.run_until(
        [&] { return !server.connections.empty() && !server.newest().received.empty(); }, 1s));
    world.run_for(100ms);
    return server;
  }
  void connect() {
    start_proxy();
    java.start();
    EXPECT_TRUE(world.run_until([&] { return java.has_key(); }, 10s));
  }

  JavaClient java;
};

class Java : public testing::TestWithParam<ClientKind> {};
INSTANTIATE_TEST_SUITE_P(
    Of, Java, testing::Values(ClientKind::kJava113, ClientKind::kJava114, ClientKind::kJava115),
    [](const auto& of) { return "V11" + std::to_string(2 + static_cast<int>(of.param)); });

TEST_P(Java, SendsTheSetupThatWasMeasured) {
  JavaWorld it(GetParam());
  const RawServer& server = it.connect_raw();
  EXPECT_EQ(server.connections.front()->received,
            base::as_text(rsocket::hex(
                "000038 00000000 0400 0001 0000 00004E20 00015F90 12 6170706C69636174696F6E2F62696E"
                "617279 12 6170706C69636174696F6E2F62696E617279")));
}

TEST_P(Java, SendsAKeepaliveEveryTwentySecondsAndAnswersOurs) {
  JavaWorld it(GetParam());
  RawServer& server = it.connect_raw();
  it.world.run_for(20s);
  EXPECT_EQ(server.newest().received, setup() + keepalive(true));
  server.send(keepalive(true, "ours"));
  it.world.run_for(1s);
  EXPECT_EQ(server.newest().received, setup() + keepalive(true) + keepalive(false, "ours"));
}

TEST_P(Java, UnansweredForAHundredSecondsItRedialsOrBecomesAZombie) {
  JavaWorld it(GetParam());
  RawServer& server = it.connect_raw();
  it.world.run_for(99s);
  EXPECT_EQ(server.connections.size(), 1U);
  it.world.run_for(2s);
  const bool zombie = GetParam() == ClientKind::kJava114;
  EXPECT_EQ(server.connections.size(), zombie ? 1U : 2U);
  EXPECT_EQ(it.java.mute(), zombie);
  if (!zombie) return;
  const std::string before = server.newest().received;
  it.world.run_for(10min);
  EXPECT_EQ(server.newest().received, before);
  EXPECT_FALSE(server.newest().ended);
}

TEST_P(Java, OnlyKeepalivesCountAsAnAnswer) {
  JavaWorld it(GetParam());
  RawServer& server = it.connect_raw();
  for (int i = 0; i < 10; ++i) {
    it.world.run_for(20s);
    server.send(keepalive(false));
  }
  EXPECT_EQ(it.all<history::Disconnected>().size(), 0U);
  EXPECT_FALSE(it.java.mute());
}

TEST_P(Java, AnErrorOnStreamZeroEndsItOrMakesItMute) {
  JavaWorld it(GetParam());
  RawServer& server = it.connect_raw();
  server.send(frame({}, rsocket::ErrorFrame{rsocket::ErrorCode::kConnectionClose, "bye"}));
  it.world.run_for(1s);
  if (GetParam() == ClientKind::kJava113) {
    EXPECT_EQ(server.connections.size(), 2U);
    return;
  }
  EXPECT_TRUE(it.java.mute());
  server.send(keepalive(true));
  it.world.run_for(60s);
  EXPECT_EQ(server.connections.size(), 1U);
  EXPECT_EQ(server.newest().received, setup());
  server.send_fin();
  it.world.run_for(1s);
  EXPECT_EQ(server.connections.size(), 2U);
}

TEST_P(Java, ClosesInTheWayOfItsVersion) {
  JavaWorld it(GetParam());
  RawServer& server = it.connect_raw();
  it.java.close();
  ASSERT_TRUE(it.run_until_next<history::ClientEnded>());
  it.world.run_for(1s);
  const std::string goodbye =
      GetParam() == ClientKind::kJava113
          ? ""
          : frame({}, rsocket::ErrorFrame{rsocket::ErrorCode::kConnectionError, "Disposed"});
  EXPECT_EQ(server.newest().received, setup() + goodbye);
  EXPECT_EQ(server.newest().ended, boost::asio::error::eof);
  EXPECT_EQ(it.all<history::ClientEnded>()[0].how, ClientEnd::kLeft);
}

// `mixed` seed 3282: the load balancer forgot the connection before it handed the answer on.
TEST_P(Java, ItsWebSocketCloseEndsThoughNobodyAnswersIt) {
  JavaWorld it(GetParam(), TransportKind::kWebSocket);
  it.connect();
  it.world.pause(*it.proxy.process());
  it.java.close();
  EXPECT_TRUE(it.run_until_next<history::ClientEnded>(2s));
}

TEST_P(Java, AnEstablishedConnectionThatIsClosedIsRedialledWithNoPause) {
  JavaWorld it(GetParam());
  it.serve_raw().closes_at_once = true;
  it.java.start();
  it.world.run_for(1s);
  EXPECT_GT(it.all<history::Connected>().size(), 100U);
  EXPECT_EQ(it.all<history::DialFailed>().size(), 0U);
}

TEST_P(Java, FailedDialsAreBackedOffBetweenTenSecondsAndTenMinutes) {
  JavaWorld it(GetParam());
  it.world.add_process(kProxyAddress);  // refuses
  it.java.start();
  it.world.run_for(3h);
  const auto failed = it.times<history::DialFailed>();
  const auto began = it.times<history::DialBegan>();
  ASSERT_GT(failed.size(), 12U);
  for (std::size_t i = 0; i + 1 < began.size(); ++i) {
    const auto nominal =
        std::min<base::Duration>(10s * (1U << std::min<std::size_t>(i, 10)), 10min);
    const auto waited = began[i + 1] - failed[i];
    EXPECT_GE(waited, std::max<base::Duration>(nominal / 2, 10s)) << i;
    EXPECT_LE(waited, std::min<base::Duration>(nominal + nominal / 2, 10min)) << i;
  }
}

TEST_P(Java, TheFirstBackoffIsNeverShorterThanItsName) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    JavaWorld it(GetParam(), TransportKind::kTcp, seed);
    it.world.add_process(kProxyAddress);  // refuses
    it.java.start();
    it.world.run_for(16s);
    ASSERT_EQ(it.all<history::DialBegan>().size(), 2U);
    EXPECT_GE(it.times<history::DialBegan>()[1] - it.times<history::DialFailed>()[0], 10s);
  }
}

class JavaOver : public testing::TestWithParam<std::tuple<ClientKind, TransportKind>> {};
INSTANTIATE_TEST_SUITE_P(
    Of, JavaOver,
    testing::Combine(testing::Values(ClientKind::kJava113, ClientKind::kJava114,
                                     ClientKind::kJava115),
                     testing::Values(TransportKind::kTcp, TransportKind::kWebSocket)),
    [](const auto& of) {
      return "V11" + std::to_string(2 + static_cast<int>(std::get<0>(of.param))) +
             (std::get<1>(of.param) == TransportKind::kTcp ? "Tcp" : "WebSocket");
    });

TEST_P(JavaOver, IsScrapedByOurProxyForAslongAsItLives) {
  JavaWorld it(std::get<0>(GetParam()), std::get<1>(GetParam()));
  it.connect();
  it.add_prometheus();
  it.world.run_for(5min);
  const auto scrapes = it.all<history::ScrapeEnded>();
  ASSERT_EQ(scrapes.size(), 20U);
  for (const auto& scrape : scrapes) {
    EXPECT_EQ(scrape.trouble, "");
    ASSERT_FALSE(scrape.samples.empty());
    EXPECT_EQ(scrape.samples[0].who, it.java.who());
  }
  EXPECT_EQ(it.all<history::Connected>().size(), 1U);
}

TEST_P(JavaOver, ABlockingPushIsAnswered) {
  JavaWorld it(std::get<0>(GetParam()), std::get<1>(GetParam()));
  it.connect();
  it.java.push(PushKind::kAcknowledged);
  ASSERT_TRUE(it.run_until_next<history::ClientEnded>());
  EXPECT_TRUE(it.all<history::PushEnded>().at(0).ok);
  EXPECT_EQ(it.all<history::PushStored>().size(), 1U);
}

TEST_P(Java, APushAndCloseIsLostEveryOtherTime) {
  std::size_t stored = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    JavaWorld it(GetParam(), TransportKind::kTcp, seed);
    it.connect();
    it.java.push(PushKind::kFireAndForget);
    ASSERT_TRUE(it.run_until_next<history::ClientEnded>());
    it.world.run_for(1s);
    EXPECT_EQ(it.all<history::PushEnded>().at(0).ok, !it.all<history::PushStored>().empty());
    stored += it.all<history::PushStored>().size();
  }
  EXPECT_GT(stored, 3U);
  EXPECT_LT(stored, 17U);
}

TEST_P(Java, WithoutAKeyItPushesNothing) {
  JavaWorld it(GetParam());
  RawServer& server = it.connect_raw();
  it.java.push(PushKind::kAcknowledged);
  ASSERT_TRUE(it.run_until_next<history::ClientEnded>());
  it.world.run_for(1s);
  EXPECT_FALSE(it.all<history::PushEnded>().at(0).ok);
  EXPECT_EQ(server.newest().received.find("sim_sample"), std::string::npos);
  EXPECT_LE(server.newest().received.size(), setup().size() + 30);
}

TEST_P(Java, AskedForPlaintextItAnswersInClearAndForgetsItsKey) {
  JavaWorld it(GetParam());
  it.connect();
  it.proxy.kill();
  RawServer& server = it.serve_raw();
  ASSERT_TRUE(it.world.run_until([&] { return !server.connections.empty(); }, 5min));
  EXPECT_TRUE(it.java.has_key());  // of the connection before
  server.send(frame(StreamId{4}, rsocket::RequestResponseFrame{
                                     false, {std::nullopt, base::as_bytes("plaintext")}}));
  it.world.run_for(1s);
  EXPECT_THAT(server.newest().received, testing::HasSubstr("plaintext# TYPE sim_sample gauge\n"));
  EXPECT_FALSE(it.java.has_key());
}

TEST_P(Java, ABadKeyIsAnsweredWithAnApplicationError) {
  JavaWorld it(GetParam());
  RawServer& server = it.connect_raw();
  server.send(frame(
      StreamId{4}, rsocket::RequestResponseFrame{false, {std::nullopt, base::as_bytes("no key")}}));
  it.world.run_for(1s);
  EXPECT_EQ(server.newest().received,
            setup() + frame(StreamId{4},
                            rsocket::ErrorFrame{rsocket::ErrorCode::kApplicationError, "bad key"}));
}

TEST_P(Java, AHungOneAnswersWhatIsStillWantedWhenItRecovers) {
  JavaWorld it(GetParam());
  it.connect();
  it.add_prometheus();
  it.java.hang();
  ASSERT_TRUE(it.run_until_next<history::ScrapeBegan>());
  it.world.run_for(5s);
  it.java.recover();
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
  EXPECT_FALSE(it.all<history::ScrapeEnded>().at(0).samples.empty());
}

}  // namespace
}  // namespace prometheus_rsocket::sim::actor
