// What a hostile reading of the server found, in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manual_shard.h"
#include "server/limits.h"
#include "server/pull_service.h"
#include "server_world.h"
#include "sim/peer/rsocket_bytes.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;

// RFC 9112, 6.3: without a length the body ends with the connection. ApacheBench -k, old proxies.
TEST(HostileHttp, AnAnswerWithoutALengthToHttp10EndsWithTheConnection) {
  ServerWorld it;
  it.add_application(gauge("a", 1));
  sim::peer::RawPeer peer(it.new_host(), kHttp);
  peer.send("GET /metrics/connected HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(it.world.run_until([&] { return peer.ended().failed(); }, 1min))
      << "no end after a minute:\n"
      << peer.received();
}

TEST(HostilePull, AClientThatEndedBeforeThePageIsMadeIsNotOnIt) {
  ManualShard manual;
  std::optional<PullService::Pulled> page;
  std::vector<PullId> asked;
  PullService service{manual.shard(),
                      {.count = 1,
                       .ask = [&](PullId pull) { asked.push_back(pull); },
                       .end = [](PullId) {},
                       .cancel = [](PullId) {}},
                      Config{}.page_bytes_max};
  service.pull(manual.now() + 10s, [&](PullService::Pulled pulled) { page = std::move(pulled); });
  service.pull_asked(asked.back(), 1, 0);
  const ConnectionId client{.shard = 0, .serial = 1};
  service.pull_replied(asked.back(), {manual.now(), client, false, std::make_shared<Exposition>()});
  service.client_ended(client);  // the message was next in the queue
  manual.run_for(0ms);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->replies.empty());
}

// Prometheus keeps its connection: it is known at the next request that the scrape before arrived.
TEST(HostileDrain, TheFirstScrapeAfterSigtermHasTheClientsOnIt) {
  ServerWorld it;
  for (int i = 0; i < 5; ++i) it.add_application(gauge("a" + std::to_string(i), 1));
  const auto prometheus = it.new_scraper();
  prometheus->get("/metrics/connected");
  const std::string before = it.wait_for(*prometheus).body;
  it.world.run_for(5s);
  it.proxy->raise(runtime::Signal::kTerminate);
  it.world.run_for(10ms);  // before any jittered moment has sent many away
  prometheus->get("/metrics/connected");
  EXPECT_EQ(it.wait_for(*prometheus).body, before);
}

TEST(HostileAge, NoScrapeIsWithoutAClientThatIsSentAwayForItsAge) {
  Config config;
  config.connection_age_max = 10min;
  ServerWorld it(config);
  it.add_application(gauge("a", 1));
  const auto prometheus = it.new_scraper();
  int missing = 0;
  for (int i = 0; i < 60; ++i) {
    prometheus->get("/metrics/connected");
    if (it.wait_for(*prometheus).body != gauge("a", 1)) ++missing;
    it.world.run_for(15s);
  }
  EXPECT_EQ(missing, 0) << "of 60 scrapes";
}

// An HA pair: by the time it is known that A's scrape arrived, B has asked again.
TEST(HostileDrain, AnHaPairsScrapesSendClientsAwayToo) {
  Config config;
  config.connection_age_max = 1min;
  ServerWorld it(config);
  Application& application = it.add_application(gauge("a", 1));
  const auto a = it.new_scraper();
  const auto b = it.new_scraper();
  const auto start = it.world.now();
  for (int i = 0; i < 20 && application.connected_times() == 1; ++i) {
    a->get("/metrics/connected?scraper=a");
    it.wait_for(*a);
    it.world.run_for(7s);
    b->get("/metrics/connected?scraper=b");
    it.wait_for(*b);
    it.world.run_for(7s);
  }
  EXPECT_LE(it.world.now() - start, 66s + 35s) << "it left by kAgePatience alone";
}

// A WebSocket handshake that spans SIGTERM.
TEST(HostileDrain, AHandshakeUnderWayDoesNotHoldTheDrainToItsGrace) {
  ServerWorld it;
  sim::peer::RawPeer peer(it.new_host(), kWebSocket);
  peer.send(
      "GET / HTTP/1.1\r\nHost: proxy\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n");
  it.world.run_for(1s);
  const auto start = it.world.now();
  it.proxy->raise(runtime::Signal::kTerminate);
  it.world.run_for(1s);
  peer.send("\r\n");
  it.world.run_for(100ms);
  // SETUP and then keepalives for as long as it lasts, as a client does: unmasked length < 126,
  // masked with a key of zeros.
  const auto message = [](const rsocket::Frame& frame) {
    const auto bytes = rsocket::encode(frame);
    std::string out = "\x82";
    out += static_cast<char>(0x80U | bytes.size());
    out += std::string(4, '\0');
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return out;
  };
  peer.send(message(rsocket::Frame{rsocket::kConnectionStream, sim::peer::setup_frame()}));
  ASSERT_TRUE(it.world.run_until([&] { return it.exit_code.has_value(); }, 1min));
  EXPECT_LE(it.world.now() - start, it.config.shutdown_grace * 4 / 5 + 3s);
  EXPECT_EQ(it.proxy->count_log("the grace is over"), 0U);
}

TEST(HostileEnd, AProcessMayEndWhileAScrapeWaitsForItsPull) {
  ServerWorld it;
  it.add_application(gauge("a", 1)).hang();
  const auto scraper = it.new_scraper();
  scraper->get("/metrics/connected");
  it.world.run_for(1s);
  it.world.stop(*it.proxy);
}

TEST(HostileEnd, AProcessMayEndWhileAPageIsWritten) {
  ServerWorld it;
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += "a{i=\"" + std::to_string(i) + "\"} 1\n";
  it.add_application(text);
  sim::peer::RawPeer deaf(it.new_host(), kHttp);
  deaf.pause_reading();
  deaf.send("GET /metrics/connected HTTP/1.1\r\nHost: p\r\n\r\n");
  it.world.run_for(1s);
  it.world.stop(*it.proxy);
}

}  // namespace
}  // namespace prometheus_rsocket::server
