// The agent against a scripted proxy, in virtual time.
#include "agent/agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "agent_world.h"
#include "sim/draw.h"

namespace prometheus_rsocket::agent {
namespace {

using testing::ElementsAre;
using transport::TransportKind;

// ---- Scrapes and keys, over both transports.

class AgentOver : public testing::TestWithParam<TransportKind> {
 protected:
  AgentOver() { over.config.targets.front().transport = GetParam(); }
  AgentWorld over;
};
INSTANTIATE_TEST_SUITE_P(Agent, AgentOver,
                         testing::Values(TransportKind::kTcp, TransportKind::kWebSocket),
                         [](const auto& of) {
                           return of.param == TransportKind::kTcp ? "Tcp" : "WebSocket";
                         });

TEST_P(AgentOver, AScrapeIsAnsweredWithTheSealedText) {
  over.connect();
  EXPECT_EQ(over.scrape(), "up 1\n");
  over.source.text = "up 2\n";
  EXPECT_EQ(over.scrape(), "up 2\n");
  EXPECT_TRUE(over.observer.saw(Scraped{1, 5}));
}

TEST_P(AgentOver, APushIsAcknowledged) {
  over.connect();
  over.push(PushKind::kAcknowledged);
  ASSERT_TRUE(over.world.run_until([&] { return over.proxy->newest().pushes.size() == 1; }));
  EXPECT_EQ(over.pushes_done, 0);
  over.proxy->newest().acknowledge();
  EXPECT_EQ(over.wait_for_push(), runtime::error_code());
  EXPECT_THAT(over.proxy->newest().pushes, ElementsAre("up 1\n"));
  ASSERT_TRUE(over.world.run_until([&] { return over.agent->ended(); }));
  EXPECT_TRUE(over.observer.saw(Ended{EndReason::kPushed}));
}

TEST_P(AgentOver, ItConnectsAgainWhenTheProxyIsKilled) {
  over.connect();
  over.world.kill(*over.proxy_process);
  over.start_proxy();
  ASSERT_TRUE(over.world.run_until([&] { return over.proxy->has_client(); }));
  EXPECT_EQ(over.scrape(), "up 1\n");
}

TEST(Agent, IntroducesItselfAsTheJavaClientDoesButForItsDataType) {
  AgentWorld it;
  it.connect();
  const auto& setup = *it.proxy->newest().setup;
  EXPECT_EQ(setup.settings.keepalive_interval, seconds(20));
  EXPECT_EQ(setup.settings.lifetime, seconds(90));
  EXPECT_EQ(setup.settings.metadata_mime_type, "application/binary");
  EXPECT_EQ(setup.settings.data_mime_type, "application/vnd.prometheus-rsocket.v1");
  EXPECT_EQ(it.proxy->newest().setup_metadata, "");
}

TEST(Agent, ARequestBringsTheLatestKey) {
  AgentWorld it;
  it.connect();
  PrivateKey other;
  it.proxy_process->shard(0).keys.async_make_private_key(
      2048, [&](runtime::error_code, PrivateKey made) { other = std::move(made); });
  ASSERT_TRUE(it.world.run_until([&] { return other != nullptr; }));
  it.proxy->newest().use_key(other);
  EXPECT_EQ(it.scrape(), "up 1\n");  // opened with the new key alone
  it.push(PushKind::kFireAndForget);
  EXPECT_EQ(it.wait_for_push(), runtime::error_code());
  EXPECT_THAT(it.proxy->newest().pushes, ElementsAre("up 1\n"));
}

TEST(Agent, AskedForPlaintextItAnswersInClearAndForgetsItsKey) {
  AgentWorld it;
  it.connect();
  EXPECT_EQ(it.ask("plaintext"), "in clear: up 1\n");
  it.push(PushKind::kAcknowledged);
  EXPECT_EQ(it.wait_for_push(), AgentError::kNoKey);
  EXPECT_THAT(it.proxy->newest().pushes, ElementsAre());
}

TEST(Agent, ABadKeyIsAnErrorAndTheFormerKeyStays) {
  AgentWorld it;
  it.connect();
  EXPECT_EQ(it.ask("no key"), "ERROR APPLICATION_ERROR");
  EXPECT_EQ(it.observer.all<KeyRejected>().size(), 1U);
  it.push(PushKind::kFireAndForget);
  EXPECT_EQ(it.wait_for_push(), runtime::error_code());
  EXPECT_THAT(it.proxy->newest().pushes, ElementsAre("up 1\n"));
}

TEST(Agent, AReplyThatIsTooLargeIsCanceled) {
  AgentWorld it;
  it.connect();
  it.source.text.assign(rsocket::kFrameBytesMax, 'x');
  EXPECT_EQ(it.ask("plaintext"), "ERROR CANCELED");
  it.source.text = "up 1\n";
  EXPECT_EQ(it.scrape(), "up 1\n");
}

TEST(Agent, MetricsThatCannotBeCollectedAreAnError) {
  AgentWorld it;
  it.connect();
  it.source.error = make_error_code(AgentError::kTimedOut);
  EXPECT_EQ(it.scrape(), "ERROR APPLICATION_ERROR");
}

// ---- What comes late.

TEST(Agent, ALateReplyDoesNotAnswerTheNextConnectionsScrape) {
  AgentWorld it;
  it.connect();
  it.source.holds = true;
  it.proxy->newest().scrape();
  ASSERT_TRUE(it.world.run_until([&] { return !it.source.held.empty(); }));
  const auto late = std::exchange(it.source.held, {});
  it.proxy->newest().finish();
  ASSERT_TRUE(it.world.run_until([&] { return it.proxy->has_client(2); }));
  it.proxy->newest().scrape();  // on the same stream id as the first
  ASSERT_TRUE(it.world.run_until([&] { return !it.source.held.empty(); }));
  for (const auto& done : late) done({}, "late 1\n");
  it.world.run_for(seconds(1));
  EXPECT_EQ(it.proxy->newest().replies.back(), "");
  it.source.release();
  it.world.run_for(seconds(1));
  EXPECT_EQ(it.proxy->newest().replies.back(), "up 1\n");
}

TEST(Agent, AReplyThatIsReadyAfterTheAgentIsGoneIsDropped) {
  AgentWorld it;
  it.connect();
  it.source.holds = true;
  it.proxy->newest().scrape();
  ASSERT_TRUE(it.world.run_until([&] { return !it.source.held.empty(); }));
  it.agent.reset();
  it.source.release();
  it.world.run_for(seconds(1));
  EXPECT_TRUE(it.proxy->newest().closed);
}

TEST(Agent, AWithdrawnScrapeIsNotAnswered) {
  AgentWorld it;
  it.connect();
  it.source.holds = true;
  it.proxy->newest().scrape();
  ASSERT_TRUE(it.world.run_until([&] { return !it.source.held.empty(); }));
  it.proxy->newest().cancel_last();
  it.world.run_for(seconds(1));
  it.source.release();
  it.source.holds = false;
  EXPECT_EQ(it.scrape(), "up 1\n");
  EXPECT_EQ(it.observer.all<ScrapeFailed>().size(), 0U);
}

// ---- Pushes.

TEST(Agent, WithoutAConnectionAPushSendsNothingAndEnds) {
  AgentWorld it;
  it.start_agent();
  it.push(PushKind::kAcknowledged);
  EXPECT_EQ(it.wait_for_push(), AgentError::kNotConnected);
  EXPECT_TRUE(it.agent->ended());
}

TEST(Agent, AKeyIsForItsConnectionAlone) {
  AgentWorld it;
  it.connect();
  it.proxy->newest().finish();
  ASSERT_TRUE(it.world.run_until([&] { return it.proxy->has_client(2); }));
  it.world.run_for(seconds(1));
  it.push(PushKind::kAcknowledged);
  EXPECT_EQ(it.wait_for_push(), AgentError::kNoKey);
  EXPECT_THAT(it.proxy->newest().pushes, ElementsAre());
}

TEST(Agent, AfterAPushItNeverConnectsAgain) {
  for (const PushKind kind : {PushKind::kFireAndForget, PushKind::kAcknowledged}) {
    AgentWorld it;
    it.connect();
    it.push(kind);
    ASSERT_TRUE(it.world.run_until([&] { return it.proxy->newest().pushes.size() == 1; }));
    if (kind == PushKind::kAcknowledged) it.proxy->newest().acknowledge();
    it.world.run_for(std::chrono::hours(1));
    EXPECT_TRUE(it.agent->ended());
    EXPECT_EQ(it.pushes_done, 1);
    EXPECT_EQ(it.proxy->accepted.size(), 1U);
  }
}

TEST(Agent, APushUnderWayRefusesScrapes) {
  AgentWorld it;
  it.connect();
  it.push(PushKind::kAcknowledged, seconds(60));
  ASSERT_TRUE(it.world.run_until([&] { return it.proxy->newest().pushes.size() == 1; }));
  EXPECT_EQ(it.scrape(), "ERROR REJECTED");
  it.proxy->newest().acknowledge();
  EXPECT_EQ(it.wait_for_push(), runtime::error_code());
}

TEST(Agent, APushIsGivenUpAtItsTime) {
  AgentWorld it;
  it.connect();
  const auto start = it.world.now();
  it.push(PushKind::kAcknowledged, seconds(5));
  EXPECT_EQ(it.wait_for_push(), AgentError::kTimedOut);
  EXPECT_EQ(it.world.now() - start, seconds(5));
  ASSERT_TRUE(it.world.run_until([&] { return it.agent->ended(); }));
  EXPECT_TRUE(it.observer.saw(Ended{EndReason::kPushFailed}));
}

TEST(Agent, AFireAndForgetPushThatNobodyTakesIsGivenUpAtItsTime) {
  sim::Config network;
  network.window_bytes = 4096;
  AgentWorld it(1, network);
  it.connect();
  it.world.cut(sim::ip("10.0.0.1"), sim::ip("10.0.1.1"));
  for (std::uint64_t i = 0; i < 100'000; ++i) {  // Snappy must not make it fit into the window
    it.source.text.push_back(static_cast<char>('a' + sim::mix(i) % 26));
  }
  const auto start = it.world.now();
  it.push(PushKind::kFireAndForget, seconds(5));
  EXPECT_TRUE(it.wait_for_push().failed());
  EXPECT_LE(it.world.now() - start, seconds(5));
}

TEST(Agent, APushThatIsRejectedSaysSo) {
  AgentWorld it;
  it.connect();
  it.push(PushKind::kAcknowledged);
  ASSERT_TRUE(it.world.run_until([&] { return it.proxy->newest().pushes.size() == 1; }));
  it.proxy->newest().reject();
  EXPECT_EQ(it.wait_for_push(), AgentError::kRejected);
}

TEST(Agent, APushWhoseConnectionIsLostSaysSo) {
  AgentWorld it;
  it.connect();
  it.push(PushKind::kAcknowledged);
  ASSERT_TRUE(it.world.run_until([&] { return it.proxy->newest().pushes.size() == 1; }));
  it.world.kill(*it.proxy_process);
  EXPECT_EQ(it.wait_for_push(), AgentError::kConnectionLost);
  it.world.run_for(std::chrono::hours(1));
  EXPECT_EQ(it.observer.all<Dialling>().size(), 1U);
}

TEST(Agent, ASecondPushSendsNothing) {
  AgentWorld it;
  it.connect();
  it.push(PushKind::kAcknowledged, seconds(60));
  runtime::error_code second;
  it.agent->push_and_close(PushKind::kAcknowledged, "up 2\n", seconds(5),
                           [&](runtime::error_code error) { second = error; });
  ASSERT_TRUE(it.world.run_until([&] { return second.failed(); }));
  EXPECT_EQ(second, AgentError::kAlreadyClosing);
  ASSERT_TRUE(it.world.run_until([&] { return it.proxy->newest().pushes.size() == 1; }));
  it.proxy->newest().acknowledge();
  EXPECT_EQ(it.wait_for_push(), runtime::error_code());
}

// The Java client closes before its push is flushed, and loses it.
RC_GTEST_PROP(Agent, AFireAndForgetPushArrivesWhole, (std::uint64_t seed)) {
  sim::Config network;
  network.short_write_percent = 100;
  network.window_bytes = 4096;
  AgentWorld it(seed, network);
  const auto size = *rc::gen::inRange<std::size_t>(0, 20'000);
  it.source.text = *rc::gen::container<std::string>(size, rc::gen::inRange('a', 'z'));
  it.connect();
  it.push(PushKind::kFireAndForget, seconds(60));
  RC_ASSERT(it.wait_for_push() == runtime::error_code());
  RC_ASSERT(it.proxy->newest().pushes == std::vector{it.source.text});
}

// ---- Connecting again.

RC_GTEST_PROP(Agent, AfterAStableConnectionItRedialsWithinFiveSeconds, (std::uint64_t seed)) {
  AgentWorld it(seed);
  it.connect();
  it.world.run_for(kStableTime);
  it.proxy->newest().finish();
  ASSERT_TRUE(it.world.run_until([&] { return it.proxy->newest().closed; }));
  const auto ended = it.world.now();
  ASSERT_TRUE(it.world.run_until([&] { return it.proxy->has_client(2); }));
  RC_ASSERT(it.proxy->accepted.back() - ended <= kRedialSpread + seconds(1));
  RC_ASSERT(it.observer.all<Retrying>().back().failures == 0U);
}

RC_GTEST_PROP(Agent, AProxyThatAcceptsAndClosesIsBackedOff, (std::uint64_t seed)) {
  AgentWorld it(seed);
  it.start_proxy().closes_at_once = true;
  it.start_agent();
  it.world.run_for(std::chrono::hours(1));
  const auto& dials = it.proxy->accepted;
  RC_ASSERT(dials.size() >= 6U);  // 10 s doubling to 10 min: at the longest 15, 30 … 600 s
  for (std::size_t i = 1; i < dials.size(); ++i) {
    const auto backoff =
        std::min(kFirstBackoff * (std::int64_t{1} << std::min(i - 1, std::size_t{9})), kMaxBackoff);
    RC_ASSERT(dials[i] - dials[i - 1] >= backoff / 2);
    RC_ASSERT(dials[i] - dials[i - 1] <= std::min(backoff * 3 / 2, kMaxBackoff) + seconds(1));
  }
}

TEST(Agent, ConnectsOnceTheProxyIsThere) {
  AgentWorld it;
  it.start_agent();
  it.world.run_for(seconds(20));
  EXPECT_EQ(it.observer.all<DialFailed>().front().stage, DialStage::kConnect);
  it.start_proxy();
  ASSERT_TRUE(it.world.run_until([&] { return it.proxy->has_client(); }, std::chrono::minutes(2)));
}

TEST(Agent, AnErrorOnStreamZeroEndsTheConnectionAndItConnectsAgain) {
  AgentWorld it;
  it.connect();
  it.proxy->newest().close(rsocket::ErrorCode::kConnectionError);
  ASSERT_TRUE(it.world.run_until([&] { return it.proxy->has_client(2); }));
  EXPECT_TRUE(it.observer.saw(Disconnected{1, rsocket::CloseReason::kPeerError}));
  EXPECT_EQ(it.proxy->open(), 1U);
}

TEST(Agent, AProxyThatWentSilentIsLeftAfterTheLifetime) {
  AgentWorld it;
  it.connect();
  it.world.lose_host(sim::ip("10.0.0.1"));
  const auto start = it.world.now();
  ASSERT_TRUE(it.world.run_until([&] { return !it.observer.all<Disconnected>().empty(); }));
  EXPECT_LE(it.world.now() - start, seconds(90));
}

TEST(Agent, ADialThatHangsIsGivenUpAtItsTime) {
  AgentWorld it;
  it.world.add_process(sim::ip("10.0.0.1"));
  it.world.cut(sim::ip("10.0.0.1"), sim::ip("10.0.1.1"));
  const auto start = it.world.now();
  it.start_agent();
  ASSERT_TRUE(it.world.run_until([&] { return !it.observer.all<DialFailed>().empty(); }));
  EXPECT_TRUE(it.observer.saw(DialFailed{DialStage::kConnect, boost::asio::error::timed_out}));
  EXPECT_EQ(it.world.now() - start, kConnectTimeout);
}

TEST(Agent, AWebSocketHandshakeThatHangsIsGivenUpAtItsTime) {
  AgentWorld it;
  it.start_proxy();  // speaks TCP: it waits for a SETUP that does not come
  it.config.targets.front().transport = TransportKind::kWebSocket;
  it.start_agent();
  ASSERT_TRUE(it.world.run_until([&] { return !it.observer.all<DialFailed>().empty(); }));
  EXPECT_EQ(it.observer.all<DialFailed>().front().stage, DialStage::kHandshake);
}

TEST(Agent, ANameThatDoesNotResolveIsTriedAgain) {
  AgentWorld it;
  it.config.targets.front().host = "proxy.example";
  it.world.set_name("proxy.example", {});
  it.start_agent();
  ASSERT_TRUE(it.world.run_until([&] { return !it.observer.all<DialFailed>().empty(); }));
  EXPECT_EQ(it.observer.all<DialFailed>().front().stage, DialStage::kResolve);
  it.world.set_name("proxy.example", {sim::ip("10.0.0.1")});
  it.start_proxy();
  EXPECT_TRUE(it.world.run_until([&] { return it.proxy->has_client(); }));
}

TEST(Agent, AddressesThatRefuseOrHangLeaveTimeForTheOthers) {
  AgentWorld it;
  it.config.targets.front().host = "proxy.example";
  it.world.set_name("proxy.example",
                    {sim::ip("10.0.0.8"), sim::ip("10.0.0.9"), sim::ip("10.0.0.1")});
  it.world.add_process(sim::ip("10.0.0.8"));  // refuses
  it.world.add_process(sim::ip("10.0.0.9"));
  it.world.cut(sim::ip("10.0.0.9"), sim::ip("10.0.1.1"));
  it.start_proxy();
  it.start_agent();
  EXPECT_TRUE(it.world.run_until([&] { return it.proxy->has_client(); }, kConnectTimeout));
  EXPECT_EQ(it.observer.all<DialFailed>().size(), 0U);
}

TEST(Agent, TheNextProxyIsTriedWhenOneIsGone) {
  AgentWorld it;
  it.config.targets.push_back(it.config.targets.front());
  it.config.targets.back().host = "10.0.0.2";
  it.start_proxy("10.0.0.1");
  auto& first_process = *it.proxy_process;
  auto& first = *it.proxy;
  auto& second = it.start_proxy("10.0.0.2");
  it.start_agent();
  ASSERT_TRUE(it.world.run_until([&] { return first.has_client(); }));
  it.world.run_for(kStableTime);
  it.world.kill(first_process);
  EXPECT_TRUE(it.world.run_until([&] { return second.has_client(); }, seconds(6)));
}

TEST(Agent, EndsWhenItsRetriesAreUsedUp) {
  AgentWorld it;
  it.config.retry.retries_max = 2;
  it.start_agent();
  ASSERT_TRUE(it.world.run_until([&] { return it.agent->ended(); }));
  EXPECT_EQ(it.observer.all<DialFailed>().size(), 3U);
  EXPECT_EQ(it.observer.events.back(), Event(Ended{EndReason::kRetriesExhausted}));
}

// ---- Leaving.

TEST(Agent, SaysGoodbyeAndDoesNotConnectAgain) {
  AgentWorld it;
  it.connect();
  it.agent->close();
  it.world.run_for(std::chrono::hours(1));
  EXPECT_EQ(it.proxy->newest().goodbye->code, rsocket::ErrorCode::kConnectionError);
  EXPECT_EQ(it.observer.events.back(), Event(Ended{EndReason::kClosed}));
  EXPECT_EQ(it.proxy->accepted.size(), 1U);
}

TEST(Agent, MayBeClosedAtEveryEvent) {
  for (std::size_t at = 0; at < 5; ++at) {
    AgentWorld it;
    it.observer.react = [&](const Event& event) {
      const bool last = std::holds_alternative<Ended>(event);
      if (it.observer.events.size() == at + 1 && !last) it.agent->close();
    };
    it.start_proxy().closes_at_once = at % 2 == 1;
    it.client_process = &it.world.add_process(sim::ip("10.0.1.1"));
    it.agent =
        std::make_unique<Agent>(it.client_process->shard(0), it.config, it.source, it.observer);
    it.agent->connect();
    it.world.run_for(seconds(30));
    it.agent->close();
    it.world.run_for(seconds(30));
    EXPECT_TRUE(it.agent->ended());
    EXPECT_EQ(it.observer.all<Ended>().size(), 1U);
    EXPECT_EQ(it.observer.events.back(), Event(Ended{EndReason::kClosed}));
  }
}

TEST(Agent, DestroyedItLeavesNothingBehind) {
  for (int moment_ms = 0; moment_ms < 12'000; moment_ms += 487) {
    AgentWorld it;
    it.start_proxy();
    it.start_agent();
    it.world.run_for(std::chrono::milliseconds(moment_ms));
    it.agent.reset();
    const auto told = it.observer.events.size();
    it.world.run_for(std::chrono::minutes(1));
    EXPECT_EQ(it.observer.events.size(), told);
    EXPECT_EQ(it.proxy->open(), 0U);
    EXPECT_EQ(it.world.open_connections(), 0U);
  }
}

}  // namespace
}  // namespace prometheus_rsocket::agent
