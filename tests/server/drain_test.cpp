// Leaving, in virtual time: design.md, "Leaving".
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/error.hpp>

#include "base/bytes.h"
#include "server_world.h"
#include "sim/peer/rsocket_bytes.h"
#include "transport/leaving.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;

// Who does not know how to go elsewhere first, as Java clients.
agent::Config unmoving() {
  agent::Config config;
  config.setup.data_mime_type = "application/binary";
  return config;
}
void add_unmoving(ServerWorld& it, int count) {
  for (int i = 0; i < count; ++i) {
    it.add_application(gauge("a", 1), transport::TransportKind::kTcp, unmoving());
  }
}

TEST(Drain, WithoutClientsItEndsAtOnce) {
  ServerWorld it;
  it.proxy->raise(runtime::Signal::kTerminate);
  ASSERT_TRUE(it.world.run_until([&] { return it.exit_code.has_value(); }, 1s));
  EXPECT_EQ(it.exit_code, 0);
}

using Peers = std::vector<std::unique_ptr<sim::peer::RawPeer>>;

void expect_not_waited_for(ServerWorld& it, const Peers& peers) {
  it.world.run_for(1s);
  it.proxy->raise(runtime::Signal::kTerminate);
  ASSERT_TRUE(it.world.run_until([&] { return it.exit_code.has_value(); }, 1s));
  EXPECT_EQ(it.exit_code, 0);
  it.world.run_for(30s);
  for (const auto& peer : peers) EXPECT_TRUE(peer->ended().failed());
}

// Two who may still become clients, by what has come of them, and one that waits for its refusal.
TEST(Drain, WhoIsInAnUpgradeIsNotWaitedFor) {
  ServerWorld it;
  runtime::Shard& host = it.new_host();
  Peers peers;
  for (const std::string_view sent : {"", "GET / HTTP/1.1\r\nUpgrade: webs", "no HTTP\r\n\r\n"}) {
    peers.push_back(std::make_unique<sim::peer::RawPeer>(host, kWebSocket));
    if (!sent.empty()) peers.back()->send(sent);
  }
  expect_not_waited_for(it, peers);
}

// Who sends nothing, and who sends a part of it.
TEST(Drain, WhoIsInItsProxyHeaderIsNotWaitedFor) {
  Config config;
  config.proxy_protocol = true;
  config.trusted_proxies = {*AddressRange::parse("10.1.0.0/16")};
  ServerWorld it(config);
  runtime::Shard& host = it.new_host();
  Peers peers;
  for (const std::string_view sent : {"", "PROXY TC"}) {
    for (const auto& to : {kTcp, kWebSocket}) {
      peers.push_back(std::make_unique<sim::peer::RawPeer>(host, to));
      if (!sent.empty()) peers.back()->send(sent);
    }
  }
  expect_not_waited_for(it, peers);
}

TEST(Drain, SendsEveryClientAwayWithinTheGraceAndEndsClean) {
  ServerWorld it;
  for (int i = 0; i < 20; ++i) it.add_application(gauge("a" + std::to_string(i), 1));
  add_unmoving(it, 20);
  const auto start = it.world.now();
  it.proxy->raise(runtime::Signal::kTerminate);
  it.world.run_for(1s);
  EXPECT_FALSE(it.exit_code);
  ASSERT_TRUE(it.world.run_until([&] { return it.exit_code.has_value(); }, 30s));
  EXPECT_EQ(it.exit_code, 0);
  EXPECT_LE(it.world.now() - start, it.config.shutdown_grace * 4 / 5 + 3s);
  EXPECT_EQ(it.proxy->count_log("the grace is over"), 0U);
}

TEST(Drain, IsNotReadyAndAcceptsNobodyButIsScrapedToTheLast) {
  ServerWorld it;
  for (int i = 0; i < 20; ++i) it.add_application(gauge("a", 1));
  it.proxy->raise(runtime::Signal::kTerminate);
  it.world.run_for(100ms);
  EXPECT_EQ(it.get("/-/ready").status, 503);
  EXPECT_EQ(it.get("/-/healthy").status, 200);
  EXPECT_EQ(it.scrape(), gauge("a", 1));
  sim::peer::RawPeer late(it.new_host(), kTcp);
  EXPECT_TRUE(it.world.run_until([&] { return late.ended().failed(); }, 1s));
  EXPECT_EQ(late.ended(), boost::asio::error::connection_refused);
}

TEST(Drain, AClientOfOursStaysOnThePageUntilItHasBeenScrapedElsewhereOrTheGraceIsNearlyOver) {
  ServerWorld it;
  it.add_application(gauge("a", 1));
  it.proxy->raise(runtime::Signal::kTerminate);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(it.scrape(), gauge("a", 1)) << i;
    it.world.run_for(5s);
  }
  ASSERT_TRUE(it.world.run_until([&] { return it.exit_code.has_value(); }, 10s));
  EXPECT_EQ(it.exit_code, 0);
}

// Of a page under way all would be missing.
TEST(Drain, WhoWasAskedAndFoundNobodyElseDoesNotLeaveInOneInstant) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    ServerWorld it({}, {}, seed);
    for (int i = 0; i < 16; ++i) it.add_application(gauge("a" + std::to_string(i), 1));
    it.add_application(gauge("b", 1)).hang();
    it.world.run_for(1s);
    it.proxy->raise(runtime::Signal::kTerminate);
    it.world.run_for(it.config.shutdown_grace * 4 / 5 - 100ms);
    const std::string page = it.scrape("X-Prometheus-Scrape-Timeout-Seconds: 2\r\n");
    EXPECT_GT(std::ranges::count(page, '\n'), 2 * 16 / 3) << "seed " << seed << ":\n" << page;
  }
}

TEST(Drain, AClientOfOursWhoseSetupComesAfterSigtermIsAskedToGoElsewhereToo) {
  ServerWorld it;
  it.add_application(gauge("a", 1));
  sim::peer::RawPeer late(it.new_host(), kTcp);
  it.world.run_for(1s);
  it.proxy->raise(runtime::Signal::kTerminate);
  it.world.run_for(100ms);
  auto setup = sim::peer::setup_frame();
  setup.data_mime_type = transport::kOurDataMimeType;
  late.send(sim::peer::framed(rsocket::Frame{rsocket::kConnectionStream, setup}));
  it.world.run_for(1s);
  const std::string received = late.received();
  std::vector<std::string> words;
  for (const rsocket::Frame& frame : sim::peer::frames(received)) {
    const auto* told = std::get_if<rsocket::RequestFnfFrame>(&frame.body);
    if (told != nullptr && told->payload.metadata) {
      words.emplace_back(base::as_text(*told->payload.metadata));
    }
  }
  EXPECT_THAT(words, testing::ElementsAre(transport::kLeaveWord));
}

TEST(Drain, AClientThatCannotGoElsewhereFirstLeavesOnceItsLastScrapeHasArrived) {
  ServerWorld it;
  add_unmoving(it, 20);
  it.proxy->raise(runtime::Signal::kTerminate);
  it.world.run_for(100ms);
  const auto start = it.world.now();
  it.scrape();
  ASSERT_TRUE(it.world.run_until([&] { return it.exit_code.has_value(); }, 30s));
  EXPECT_LE(it.world.now() - start, 3s);
}

TEST(Drain, ASecondSignalEndsItAtOnceWithOne) {
  ServerWorld it;
  it.add_application(gauge("a", 1)).hang();
  it.proxy->raise(runtime::Signal::kTerminate);
  it.world.run_for(10ms);
  it.proxy->raise(runtime::Signal::kTerminate);
  ASSERT_TRUE(it.world.run_until([&] { return it.exit_code.has_value(); }, 1s));
  EXPECT_EQ(it.exit_code, 1);
}

TEST(Drain, AClientThatDoesNotLeaveIsEndedWithTheGrace) {
  ServerWorld it;
  sim::peer::RawPeer deaf(it.new_host(), kTcp);
  deaf.send(
      sim::peer::framed(rsocket::Frame{rsocket::kConnectionStream, sim::peer::setup_frame()}));
  ASSERT_TRUE(it.world.run_until([&] { return !deaf.received().empty(); }));
  const auto start = it.world.now();
  it.proxy->raise(runtime::Signal::kTerminate);
  ASSERT_TRUE(it.world.run_until([&] { return it.exit_code.has_value(); }, 1min));
  EXPECT_EQ(it.exit_code, 0);
  EXPECT_LE(it.world.now() - start, it.config.shutdown_grace);
}

TEST(Drain, HeldPushesThatAreLostAreSaid) {
  ServerWorld it;
  Application& application = it.add_application("");
  application.push(agent::PushKind::kAcknowledged, gauge("a", 1));
  ASSERT_TRUE(it.world.run_until([&] { return application.pushed().has_value(); }));
  it.world.run_for(5s);
  it.proxy->raise(runtime::Signal::kTerminate);
  ASSERT_TRUE(it.world.run_until([&] { return it.exit_code.has_value(); }, 1min));
  EXPECT_EQ(it.proxy->count_log("pushes that were held in memory are lost"), 1U);
}

TEST(Drain, ClientsGoToAnotherProxyAndBack) {
  ServerWorld it;
  Application& application = it.add_application(gauge("a", 1));
  it.proxy->raise(runtime::Signal::kTerminate);
  ASSERT_TRUE(it.world.run_until([&] { return it.exit_code.has_value(); }, 1min));
  it.world.stop(*it.proxy);
  it.start();
  ASSERT_TRUE(it.world.run_until([&] { return application.agent().has_key(); }, 2min));
  EXPECT_EQ(it.scrape(), gauge("a", 1));
}

}  // namespace
}  // namespace prometheus_rsocket::server
