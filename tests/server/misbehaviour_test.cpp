// What strangers and broken peers do to a whole proxy, in virtual time: one clear log line, the
// connection closed as wire-protocol section 2 says, and everybody else served.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "rsocket/frame.h"
#include "rsocket/limits.h"
#include "server/limits.h"
#include "server_world.h"
#include "sim/peer/rsocket_bytes.h"
#include "transport/limits.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;
using rsocket::ErrorCode;
using rsocket::Frame;
using rsocket::StreamId;
using sim::peer::framed;
using sim::peer::last_error;
using namespace std::string_literals;

std::string framed_setup(std::chrono::milliseconds lifetime = 90s) {
  return framed(Frame{rsocket::kConnectionStream, sim::peer::setup_frame(lifetime)});
}

struct Stranger {
  std::string what;
  std::string bytes;
  std::optional<ErrorCode> answer;
};

std::vector<Stranger> strangers() {
  rsocket::SetupFrame resuming = sim::peer::setup_frame();
  resuming.resume_token = base::as_bytes("token");
  rsocket::SetupFrame leasing = sim::peer::setup_frame();
  leasing.lease = true;
  rsocket::SetupFrame newer = sim::peer::setup_frame();
  newer.version_major = 2;
  const auto frame = [](StreamId stream, rsocket::FrameBody body) {
    return framed(Frame{stream, std::move(body)});
  };
  return {
      {"http", "GET /metrics/connected HTTP/1.1\r\nHost: proxy\r\n\r\n", ErrorCode::kInvalidSetup},
      {"tls", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s + std::string(512, 'r'),
       ErrorCode::kInvalidSetup},
      {"zeros", std::string(64, '\0'), ErrorCode::kInvalidSetup},
      {"request_first", frame(StreamId{1}, rsocket::RequestResponseFrame{}),
       ErrorCode::kInvalidSetup},
      {"resuming_setup", frame({}, resuming), ErrorCode::kRejectedSetup},
      {"leasing_setup", frame({}, leasing), ErrorCode::kUnsupportedSetup},
      {"version_2", frame({}, newer), ErrorCode::kUnsupportedSetup},
      {"resume", frame({}, rsocket::ResumeFrame{}), ErrorCode::kRejectedResume},
      {"short_frame_after_setup", framed_setup() + framed("\0\0\0"s), ErrorCode::kConnectionError},
      {"unknown_type_after_setup", framed_setup() + framed("\0\0\0\1\xd0\0"s),
       ErrorCode::kConnectionError},
      {"even_stream", framed_setup() + frame(StreamId{2}, rsocket::RequestFnfFrame{}),
       ErrorCode::kConnectionError},
      {"oversize_keepalive", framed_setup() + framed("\0\0\0\0\x0c\x80"s + std::string(2048, '\0')),
       ErrorCode::kConnectionError},
  };
}

class Misbehaviour : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Of, Misbehaviour, testing::Range(std::size_t{0}, strangers().size()),
                         [](const auto& of) { return strangers()[of.param].what; });

TEST_P(Misbehaviour, IsToldWhyAndClosedWhileOthersAreServed) {
  ServerWorld it;
  it.add_application(gauge("a", 1));
  const Stranger stranger = strangers()[GetParam()];
  sim::peer::RawPeer peer(it.new_host(), kTcp);
  peer.send(stranger.bytes);
  EXPECT_EQ(it.scrape(), gauge("a", 1));
  ASSERT_TRUE(it.world.run_until([&] { return peer.ended().failed(); }, 1s));
  EXPECT_EQ(last_error(peer.received()), stranger.answer);
  EXPECT_EQ(it.proxy->count_log("msg=\"connection closed\""), 1U) << it.world.log_text();
  EXPECT_EQ(it.scrape(), gauge("a", 1));
}

TEST(Misbehaviours, AClaimOf16MiBAndThenSilenceEndsWithTheTimeForTheFirstFrame) {
  ServerWorld it;
  sim::peer::RawPeer peer(it.new_host(), kTcp);
  peer.send("\xff\xff\xff");
  ASSERT_TRUE(
      it.world.run_until([&] { return peer.ended().failed(); }, rsocket::kFirstFrameTime + 1s));
  peer.close();
  it.world.run_for(3s);
  EXPECT_EQ(it.world.open_connections(), 0U);
}

TEST(Misbehaviours, AByteASecondIsNoSetupInTime) {
  ServerWorld it;
  sim::peer::RawPeer peer(it.new_host(), kTcp);
  const std::string bytes = framed_setup();
  const auto start = it.world.now();
  for (std::size_t i = 0; i < bytes.size() && !peer.ended(); ++i) {
    peer.send(bytes.substr(i, 1));
    it.world.run_for(1s);
  }
  EXPECT_TRUE(peer.ended().failed());
  EXPECT_LE(it.world.now() - start, rsocket::kFirstFrameTime + 2s);
}

TEST(Misbehaviours, AClientThatSaysNothingMoreIsReapedByItsOwnLifetime) {  // as rsocket-java 1.1.4
  ServerWorld it;
  sim::peer::RawPeer peer(it.new_host(), kTcp);
  peer.send(framed_setup(30s));
  it.world.run_for(29s);
  EXPECT_FALSE(peer.ended());
  ASSERT_TRUE(it.world.run_until([&] { return peer.ended().failed(); }, 10s));
  EXPECT_EQ(it.metric("prometheus_proxy_keepalive_timeouts_total"), "1");
}

TEST(Misbehaviours, FloodOfStrangersIsLoggedInAFewLines) {
  ServerWorld it({}, {}, 1, 1);
  std::vector<std::unique_ptr<sim::peer::RawPeer>> peers;
  runtime::Shard& host = it.new_host();
  for (int i = 0; i < 200; ++i) {
    peers.push_back(std::make_unique<sim::peer::RawPeer>(host, kTcp));
    peers.back()->send("GET / HTTP/1.1\r\n\r\n");
  }
  it.world.run_for(1s);
  EXPECT_EQ(it.proxy->count_log("msg=\"connection closed\""), kLogBurst);
  it.world.run_for(kLogPeriod);
  peers.push_back(std::make_unique<sim::peer::RawPeer>(host, kTcp));
  peers.back()->send("GET / HTTP/1.1\r\n\r\n");
  it.world.run_for(1s);
  EXPECT_EQ(it.proxy->count_log("suppressed=190"), 1U) << it.world.log_text();
}

TEST(Misbehaviours, BytesOfNoHandshakeOnTheWebSocketPortAreRefused) {
  ServerWorld it;
  it.add_application(gauge("a", 1), transport::TransportKind::kWebSocket);
  for (const std::string& bytes :
       {"GET / HTTP/1.1\r\nHost: proxy\r\n\r\n"s, framed_setup(), std::string(4096, '\xff'),
        "GET / HTTP/1.1\r\nX: "s + std::string(100'000, 'x')}) {
    sim::peer::RawPeer peer(it.new_host(), kWebSocket);
    peer.send(bytes);
    EXPECT_TRUE(it.world.run_until([&] { return peer.ended().failed(); }, 15s));
  }
  sim::peer::RawPeer silent(it.new_host(), kWebSocket);
  EXPECT_TRUE(it.world.run_until([&] { return silent.ended().failed(); }, 15s));
  EXPECT_EQ(it.scrape(), gauge("a", 1));
}

// A quick close makes a Java client redial without pause (wire-protocol 1.9).
TEST(Misbehaviours, OverTheLimitAConnectionIsHeldUnreadAndThenClosed) {
  Config config;
  config.connections_max = 2;
  ServerWorld it(config);
  it.add_application(gauge("a", 1));
  Application& second = it.add_application(gauge("b", 1));
  sim::peer::RawPeer third(it.new_host(), kTcp);
  third.send(framed_setup());
  it.world.run_for(kHoldMin - 100ms);
  EXPECT_TRUE(third.connected());
  EXPECT_FALSE(third.ended());
  EXPECT_EQ(third.received(), "");
  ASSERT_TRUE(it.world.run_until([&] { return third.ended().failed(); }, kHoldMax));
  EXPECT_EQ(third.received(), "");
  EXPECT_EQ(it.scrape(), gauge("a", 1) + gauge("b", 1));

  second.agent().close();
  it.world.run_for(5s);
  it.add_application(gauge("c", 1));
  EXPECT_EQ(it.scrape(), gauge("a", 1) + gauge("c", 1));
}

TEST(Misbehaviours, OverTheLimitOfItsAddressAConnectionIsHeldAndOthersAreServed) {
  Config config;
  config.connections_per_address_max = 1;
  ServerWorld it(config);
  runtime::Shard& crowded = it.new_host();
  auto first = std::make_unique<sim::peer::RawPeer>(crowded, kTcp);
  first->send(framed_setup());
  it.world.run_for(1s);
  EXPECT_NE(first->received(), "") << "the key";
  sim::peer::RawPeer second(crowded, kTcp);
  second.send(framed_setup());
  it.world.run_for(1s);
  EXPECT_EQ(second.received(), "");
  it.add_application(gauge("a", 1));
  EXPECT_EQ(it.scrape(), gauge("a", 1));
  EXPECT_EQ(it.metric("prometheus_proxy_connections_refused_total"
                      "{reason=\"max_connections_per_address\"}"),
            "1");

  first.reset();
  it.world.run_for(1s);
  sim::peer::RawPeer third(crowded, kTcp);
  third.send(framed_setup());
  it.world.run_for(1s);
  EXPECT_NE(third.received(), "");
}

// One host has as many addresses of it as it likes.
TEST(Misbehaviours, AnIpv6NetworkIsOneAddressForItsLimit) {
  Config config;
  config.connections_per_address_max = 1;
  ServerWorld it(config);
  std::vector<std::unique_ptr<sim::peer::RawPeer>> peers;
  for (const char* const address : {"2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"}) {
    runtime::Shard& host = it.world.add_process(sim::ip(address)).shard(0);
    peers.push_back(std::make_unique<sim::peer::RawPeer>(host, kTcp));
    peers.back()->send(framed_setup());
    it.world.run_for(1s);
  }
  EXPECT_NE(peers[0]->received(), "");
  EXPECT_EQ(peers[1]->received(), "");
  EXPECT_NE(peers[2]->received(), "");
}

// What is limited are descriptors.
TEST(Misbehaviours, AConnectionCountsUntilItsSocketIsClosed) {
  Config config;
  config.connections_max = 1;
  ServerWorld it(config);
  runtime::Shard& host = it.new_host();
  sim::peer::RawPeer first(host, kTcp);
  first.send("GET / HTTP/1.1\r\n\r\n");
  it.world.run_for(transport::kLingerTime / 2);
  EXPECT_NE(first.received(), "") << "it was refused, and has not closed its side";
  sim::peer::RawPeer second(host, kTcp);
  second.send(framed_setup());
  it.world.run_for(transport::kLingerTime);
  EXPECT_EQ(second.received(), "") << "held";
  sim::peer::RawPeer third(host, kTcp);
  third.send(framed_setup());
  it.world.run_for(1s);
  EXPECT_NE(third.received(), "") << "the key";
}

TEST(Misbehaviours, WithTooManyHeldItAcceptsNoMoreUntilSomeAreGone) {
  Config config;
  config.connections_max = 1;
  sim::Config network;
  network.backlog = 4096;
  ServerWorld it(config, network);
  it.add_application(gauge("a", 1));
  std::vector<std::unique_ptr<sim::peer::RawPeer>> peers;
  runtime::Shard& host = it.new_host();
  for (std::size_t i = 0; i < kHeldMax + 100; ++i) {
    peers.push_back(std::make_unique<sim::peer::RawPeer>(host, kTcp));
  }
  it.world.run_for(1s);
  const std::string refused =
      "prometheus_proxy_connections_refused_total{reason=\"max_connections\"}";
  EXPECT_EQ(it.metric(refused), std::to_string(kHeldMax));
  it.world.run_for(2 * kHoldMax);
  EXPECT_EQ(it.metric(refused), std::to_string(kHeldMax + 100));
  EXPECT_EQ(it.scrape(), gauge("a", 1));
}

TEST(Misbehaviours, AClientThatReadsNothingIsClosedAndCostsNobodyElse) {
  sim::Config network;
  network.window_bytes = std::size_t{16} << 10;
  ServerWorld it({}, network);
  it.add_application(gauge("a", 1));
  sim::peer::RawPeer deaf(it.new_host(), kTcp);
  deaf.pause_reading();
  deaf.send(framed_setup());
  it.world.run_for(1s);
  ASSERT_EQ(it.metric("prometheus_proxy_scrape_active_connections"), "2");
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(it.scrape("X-Prometheus-Scrape-Timeout-Seconds: 1\r\n"), gauge("a", 1));
    it.world.run_for(1s);
    if (i % 10 == 0) {
      deaf.send(framed(Frame{rsocket::kConnectionStream, rsocket::KeepaliveFrame{}}));
    }
  }
  EXPECT_EQ(it.metric("prometheus_proxy_scrape_active_connections"), "1");
}

}  // namespace
}  // namespace prometheus_rsocket::server
