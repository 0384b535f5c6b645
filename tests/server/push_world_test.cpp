// Pushes in virtual time: design.md, "What a scrape promises", 4 and 5.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/error.h"
#include "server_world.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;
using agent::PushKind;

constexpr std::string_view kScrapeA = "/metrics/connected?scraper=a";
constexpr std::string_view kScrapeB = "/metrics/connected?scraper=b";

class PushKindTest : public testing::TestWithParam<PushKind> {};
INSTANTIATE_TEST_SUITE_P(Push, PushKindTest,
                         testing::Values(PushKind::kFireAndForget, PushKind::kAcknowledged),
                         [](const auto& of) {
                           return of.param == PushKind::kAcknowledged ? "Acknowledged"
                                                                      : "FireAndForget";
                         });

TEST_P(PushKindTest, IsShownToAScraperOnce) {
  ServerWorld it;
  it.push(gauge("a", 1), GetParam());
  EXPECT_EQ(it.get(kScrapeA).body, gauge("a", 1));
  EXPECT_EQ(it.get(kScrapeA).body, "");
  EXPECT_EQ(it.metric("prometheus_proxy_pushes_acknowledged_total"), "1");
}

TEST(Push, EveryScraperGetsItOnce) {
  ServerWorld it;
  it.push(gauge("a", 1));
  EXPECT_EQ(it.get(kScrapeA).body, gauge("a", 1));
  EXPECT_EQ(it.get(kScrapeB).body, gauge("a", 1));
  EXPECT_EQ(it.get(kScrapeA).body, "");
  EXPECT_EQ(it.get(kScrapeB).body, "");
}

TEST(Push, IsHeldUntilEveryRegularScraperHasIt) {
  ServerWorld it;
  const auto scrape = [&](std::string_view path) {
    const auto body = it.get(path).body;
    it.world.run_for(1min);
    return body;
  };
  for (int i = 0; i < 4; ++i) {  // both are regular, the grace after the start is over
    scrape(kScrapeA);
    scrape(kScrapeB);
  }
  it.push(gauge("a", 1));
  EXPECT_EQ(scrape(kScrapeA), gauge("a", 1));
  EXPECT_EQ(it.metric("prometheus_proxy_pushes_held"), "1");
  EXPECT_EQ(scrape(kScrapeB), gauge("a", 1));
  EXPECT_EQ(it.metric("prometheus_proxy_pushes_held"), "0");
  EXPECT_EQ(it.metric("prometheus_proxy_pushes_released_total"), "1");
}

TEST(Push, GoesAtItsTtlWhenAScraperDoesNotComeBack) {
  Config config;
  config.push.ttl = 2min;
  ServerWorld it(config);
  it.get(kScrapeB);
  it.world.run_for(4min);
  it.get(kScrapeB);  // regular: it delays a release
  it.push(gauge("a", 1));
  EXPECT_EQ(it.get(kScrapeA).body, gauge("a", 1));
  it.world.run_for(3min);
  EXPECT_EQ(it.get(kScrapeB).body, "");
  EXPECT_EQ(it.metric("prometheus_proxy_pushes_expired_total"), "1");
}

TEST(Push, WaitsForItsFirstShowingHoweverLongThatTakes) {
  ServerWorld it;
  it.push(gauge("a", 1));
  it.world.run_for(24h);
  EXPECT_EQ(it.get(kScrapeA).body, gauge("a", 1));
}

TEST(Push, AHeadIsNoShowing) {
  ServerWorld it;
  it.push(gauge("a", 1));
  auto client = it.new_scraper();
  client->request("HEAD", kScrapeA);
  it.wait_for(*client);
  client.reset();
  it.world.run_for(1s);
  EXPECT_EQ(it.get(kScrapeA).body, gauge("a", 1));
}

TEST(Push, AnAnswerThatDidNotArriveIsNoShowing) {
  ServerWorld it;
  it.push("a{b=\"" + std::string(1'000'000, 'x') + "\"} 1\n");
  auto client = it.new_scraper();
  client->get(kScrapeA);
  ASSERT_TRUE(it.world.run_until([&] { return !client->peer().received().empty(); }));
  client->peer().pause_reading();
  it.world.run_for(1s);
  client->peer().close();  // with bytes unread: a reset
  it.world.run_for(1s);
  EXPECT_THAT(it.get(kScrapeA).body, testing::SizeIs(testing::Gt(1'000'000U)));
  EXPECT_EQ(it.get(kScrapeA).body, "");
}

TEST(Push, AnotherRequestOnTheConnectionShowsThatTheAnswerArrived) {
  ServerWorld it;
  it.push(gauge("a", 1));
  auto client = it.new_scraper();
  client->get(kScrapeA);
  EXPECT_EQ(it.wait_for(*client).body, gauge("a", 1));
  client->get(kScrapeA);
  EXPECT_EQ(it.wait_for(*client).body, "");
}

TEST(Push, ALiveSeriesBeatsAPushedOne) {
  ServerWorld it;
  it.add_application(gauge("a", 2));
  it.push(gauge("a", 1) + gauge("b", 1));
  EXPECT_EQ(it.get(kScrapeA).body, gauge("a", 2) + gauge("b", 1));
  EXPECT_EQ(it.metric("prometheus_proxy_merge_conflicts_total{kind=\"duplicate_series\"}"), "1");
}

TEST(Push, ANewerPushBeatsAnOlder) {
  ServerWorld it;
  it.push(gauge("a", 1));
  it.push(gauge("a", 2));
  EXPECT_EQ(it.get(kScrapeA).body, gauge("a", 2));
}

TEST(Push, OneThatCannotBeStoredIsNotAcknowledged) {
  Config config;
  config.push.bytes_max = gauge("a", 1).size();  // and none for its index
  ServerWorld it(config);
  Application& application = it.add_application("");
  application.push(PushKind::kAcknowledged, gauge("a", 1));
  ASSERT_TRUE(it.world.run_until([&] { return application.pushed().has_value(); }));
  EXPECT_EQ(*application.pushed(), agent::AgentError::kRejected);
  EXPECT_EQ(it.metric("prometheus_proxy_pushes_refused_total"), "1");
  EXPECT_EQ(it.get(kScrapeA).body, "");
}

TEST(Push, OneThatIsNoExpositionIsNotAcknowledged) {
  ServerWorld it;
  Application& application = it.add_application("");
  application.push(PushKind::kAcknowledged, "a{ 1\n");
  ASSERT_TRUE(it.world.run_until([&] { return application.pushed().has_value(); }));
  EXPECT_EQ(*application.pushed(), agent::AgentError::kRejected);
  EXPECT_EQ(it.get(kScrapeA).body, "");
}

// A key of a rotation ago: at most three are kept for a connection, and none that is older than one
// that opened a payload.
TEST(Push, SealedWithAnEarlierKeyOfItsConnectionIsOpened) {
  Config config;
  config.key_rotation = 10min;
  ServerWorld it(config);
  Application& application = it.add_application("");
  it.world.run_for(11min);  // a new key, that the client has not been told of
  application.push(PushKind::kAcknowledged, gauge("a", 1));
  ASSERT_TRUE(it.world.run_until([&] { return application.pushed().has_value(); }));
  EXPECT_EQ(*application.pushed(), runtime::error_code());
}

TEST(Push, APushLostOnTheWayIsNotAcknowledged) {
  ServerWorld it;
  Application& application = it.add_application("");
  it.world.kill(*it.proxy);
  application.push(PushKind::kAcknowledged, gauge("a", 1));
  ASSERT_TRUE(it.world.run_until([&] { return application.pushed().has_value(); }));
  EXPECT_TRUE(application.pushed()->failed());
}

}  // namespace
}  // namespace prometheus_rsocket::server
