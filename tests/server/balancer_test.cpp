// Who a client is that comes through a load balancer: PROXY headers and X-Forwarded-For, in virtual
// time (design.md, "Identity and discovery").
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "rsocket/limits.h"
#include "server/limits.h"
#include "server_world.h"
#include "sim/peer/proxy_header_bytes.h"
#include "sim/peer/rsocket_bytes.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using sim::peer::framed;
using sim::peer::proxy_binary;
using sim::peer::proxy_line;
using sim::peer::RawPeer;
using transport::TransportKind;

const runtime::Endpoint kClient{sim::ip("192.0.2.1"), 4711};
const runtime::Endpoint kOther{sim::ip("192.0.2.2"), 4712};
const auto kBalancer = sim::ip("10.9.0.1");

Config behind_balancer(bool proxy_protocol) {
  Config config;
  config.trusted_proxies = {*AddressRange::parse("10.9.0.0/16")};
  config.proxy_protocol = proxy_protocol;
  return config;
}

struct BalancerWorld : ServerWorld {
  explicit BalancerWorld(const Config& server_config)
      : ServerWorld(server_config), balancer(world.add_process(kBalancer).shard(0)) {}

  [[nodiscard]] std::string refused(const std::string& reason) {
    return metric("prometheus_proxy_connections_refused_total{reason=\"" + reason + "\"}");
  }
  [[nodiscard]] std::string clients() {
    return metric("prometheus_proxy_scrape_active_connections");
  }
  [[nodiscard]] std::size_t connected(const std::string& client) const {
    return proxy->count_log("msg=\"client connected\" client=" + client);
  }

  runtime::Shard& balancer;
};

// What a client of the Java kind says first.
std::string upgrade(std::string_view forwarded_for = "") {
  std::string request =
      "GET / HTTP/1.1\r\nHost: proxy\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
  if (!forwarded_for.empty()) request += "X-Forwarded-For: " + std::string(forwarded_for) + "\r\n";
  return request + "\r\n";
}

std::string setup(TransportKind kind) {
  const rsocket::Frame frame{rsocket::kConnectionStream, sim::peer::setup_frame()};
  if (kind == TransportKind::kTcp) return framed(frame);
  const base::Bytes bytes = rsocket::encode(frame);
  const auto length = static_cast<char>(0x80U | bytes.size());  // of less than 126: masked by zeros
  return "\x82" + std::string(1, length) + "\0\0\0\0"s + std::string(base::as_text(bytes));
}

// Over either transport: connects, says `first` before all else, and its SETUP as soon as it can.
struct Dialler {
  Dialler(runtime::Shard& host, TransportKind its_kind, std::string_view first,
          std::string_view forwarded_for = "")
      : kind(its_kind), peer(host, kind == TransportKind::kTcp ? kTcp : kWebSocket) {
    peer.send(first);
    if (kind == TransportKind::kTcp) {
      peer.send(setup(kind));
      return;
    }
    peer.send(upgrade(forwarded_for));
    peer.on_received([this] {
      if (!std::exchange(upgraded, true)) peer.send(setup(kind));
    });
  }
  // Nothing but the answer to the upgrade, if that.
  [[nodiscard]] bool is_silent() const {
    return kind == TransportKind::kTcp ? peer.received().empty()
                                       : peer.received().ends_with("\r\n\r\n") || !upgraded;
  }

  TransportKind kind;
  bool upgraded = false;
  RawPeer peer;
};

class EitherTransport : public testing::TestWithParam<TransportKind> {};
INSTANTIATE_TEST_SUITE_P(Of, EitherTransport,
                         testing::Values(TransportKind::kTcp, TransportKind::kWebSocket),
                         [](const auto& of) {
                           return of.param == TransportKind::kTcp ? "Tcp" : "WebSocket";
                         });

// ---- PROXY headers.

TEST_P(EitherTransport, AHeaderSaysWhoTheClientIs) {
  BalancerWorld it(behind_balancer(true));
  const Dialler first(it.balancer, GetParam(), proxy_line(kClient, kTcp));
  const Dialler second(it.balancer, GetParam(), proxy_binary(kOther, kTcp));
  it.world.run_for(2s);
  EXPECT_EQ(it.connected("192.0.2.1:4711"), 1U) << it.world.log_text();
  EXPECT_EQ(it.connected("192.0.2.2:4712"), 1U) << it.world.log_text();
  EXPECT_EQ(it.clients(), "2");
}

TEST_P(EitherTransport, OfTheBalancersOwnConnectionItsAddressStands) {
  BalancerWorld it(behind_balancer(true));
  const Dialler local(it.balancer, GetParam(), proxy_binary(0x20, 0, ""));
  const Dialler unknown(it.balancer, GetParam(), "PROXY UNKNOWN\r\n");
  it.world.run_for(2s);
  EXPECT_EQ(it.clients(), "2");
  EXPECT_EQ(it.proxy->count_log("client=10.9.0.1:"), 2U) << it.world.log_text();
}

TEST_P(EitherTransport, WhoIsNoBalancerIsServedWithoutAHeader) {
  BalancerWorld it(behind_balancer(true));
  it.add_application(gauge("a", 1), GetParam());
  EXPECT_EQ(it.scrape(), gauge("a", 1));
}

TEST_P(EitherTransport, ABalancerWithoutAHeaderIsRefusedAndHeld) {
  BalancerWorld it(behind_balancer(true));
  const Dialler without(it.balancer, GetParam(), "");
  it.world.run_for(kHoldMin - 100ms);
  EXPECT_FALSE(without.peer.ended()) << "a client behind it would redial without pause";
  EXPECT_EQ(without.peer.received(), "");
  EXPECT_EQ(it.refused("proxy_header_missing"), "1");
  EXPECT_EQ(it.proxy->count_log("msg=\"connection refused\" client=10.9.0.1:"), 1U)
      << it.world.log_text();
  ASSERT_TRUE(it.world.run_until([&] { return without.peer.ended().failed(); }, kHoldMax));
  EXPECT_EQ(without.peer.received(), "");
  EXPECT_EQ(it.clients(), "0");
}

TEST_P(EitherTransport, WhoIsRefusedForItsHeaderTakesNobodysPlace) {
  Config config = behind_balancer(true);
  config.connections_max = 1;
  BalancerWorld it(config);
  const Dialler without(it.balancer, GetParam(), "");
  it.world.run_for(1s);
  const Dialler good(it.balancer, GetParam(), proxy_line(kClient, kTcp));
  it.world.run_for(1s);
  EXPECT_EQ(it.clients(), "1");
  EXPECT_FALSE(without.peer.ended()) << "held";
}

TEST_P(EitherTransport, AHeaderOfWhoIsNoBalancerIsRefused) {
  BalancerWorld it(behind_balancer(true));
  const Dialler line(it.new_host(), GetParam(), proxy_line(kClient, kTcp));
  const Dialler binary(it.new_host(), GetParam(), proxy_binary(kClient, kTcp));
  it.world.run_for(1s);
  EXPECT_EQ(it.refused("proxy_header_untrusted"), "2");
  EXPECT_EQ(it.proxy->count_log("--rsocket.trusted-proxies"), 2U) << it.world.log_text();
  ASSERT_TRUE(it.world.run_until([&] { return line.peer.ended().failed(); }, kHoldMax));
  ASSERT_TRUE(it.world.run_until([&] { return binary.peer.ended().failed(); }, kHoldMax));
  EXPECT_EQ(line.peer.received() + binary.peer.received(), "");
  EXPECT_EQ(it.clients(), "0");
}

TEST_P(EitherTransport, AMalformedHeaderIsRefused) {
  BalancerWorld it(behind_balancer(true));
  const Dialler malformed(it.balancer, GetParam(), "PROXY TCP4 192.0.2.1\r\n");
  const Dialler too_long(it.balancer, GetParam(), "PROXY UNKNOWN " + std::string(200, 'x'));
  auto cut_short =
      std::make_unique<RawPeer>(it.balancer, GetParam() == TransportKind::kTcp ? kTcp : kWebSocket);
  cut_short->send("PROXY ");
  cut_short->send_fin();
  it.world.run_for(1s);
  EXPECT_EQ(it.refused("proxy_header_malformed"), "3");
  EXPECT_EQ(it.proxy->count_log("malformed"), 1U) << it.world.log_text();
  EXPECT_EQ(it.proxy->count_log("too long"), 1U);
  EXPECT_EQ(it.proxy->count_log("ended within"), 1U);
  EXPECT_TRUE(it.world.run_until([&] { return malformed.peer.ended().failed(); }, kHoldMax));
}

TEST_P(EitherTransport, AHeaderIsLateWhenAFirstFrameIs) {
  BalancerWorld it(behind_balancer(true));
  RawPeer slow(it.balancer, GetParam() == TransportKind::kTcp ? kTcp : kWebSocket);
  RawPeer silent(it.balancer, GetParam() == TransportKind::kTcp ? kTcp : kWebSocket);
  const std::string header = proxy_line(kClient, kTcp);
  const auto start = it.world.now();
  for (std::size_t i = 0; i < header.size() && !slow.ended(); ++i) {
    slow.send(header.substr(i, 1));
    it.world.run_for(1s);
  }
  EXPECT_LE(it.world.now() - start, rsocket::kFirstFrameTime + 2s);
  EXPECT_TRUE(slow.ended().failed());
  EXPECT_TRUE(silent.ended().failed());
  EXPECT_EQ(it.refused("proxy_header_late"), "2");
}

TEST_P(EitherTransport, ABalancerThatOnlyLooksWhetherWeAreHereIsNoTrouble) {
  BalancerWorld it(behind_balancer(true));
  for (const std::string& header : {""s, proxy_binary(0x20, 0, "")}) {
    RawPeer check(it.balancer, GetParam() == TransportKind::kTcp ? kTcp : kWebSocket);
    check.send(header);
    it.world.run_for(1s);
    check.close();
    it.world.run_for(1s);
  }
  EXPECT_EQ(it.proxy->count_log("client="), 0U) << it.world.log_text();
  EXPECT_EQ(it.metric("prometheus_proxy_unrecognized_rsocket_total"), "0");
  EXPECT_EQ(it.world.open_connections(), 0U);
}

TEST_P(EitherTransport, WhoIsSilentAndNoBalancerEndsAsWithoutTheFlag) {
  for (const bool proxy_protocol : {false, true}) {
    BalancerWorld it(behind_balancer(proxy_protocol));
    RawPeer silent(it.new_host(), GetParam() == TransportKind::kTcp ? kTcp : kWebSocket);
    silent.send("P");
    ASSERT_TRUE(
        it.world.run_until([&] { return silent.ended().failed(); }, rsocket::kFirstFrameTime + 3s));
    EXPECT_EQ(it.proxy->count_log(GetParam() == TransportKind::kTcp ? "no SETUP came in time"
                                                                    : "handshake failed"),
              1U)
        << it.world.log_text();
    EXPECT_EQ(silent.received().empty(), GetParam() == TransportKind::kWebSocket);
  }
}

TEST_P(EitherTransport, WithoutTheFlagAHeaderIsNothingThatIsServed) {
  BalancerWorld it(behind_balancer(false));
  Dialler header(it.balancer, GetParam(), proxy_line(kClient, kTcp));
  ASSERT_TRUE(it.world.run_until([&] { return header.peer.ended().failed(); }, 20s));
  header.peer.close();
  it.world.run_for(1s);
  EXPECT_EQ(it.clients(), "0");
  EXPECT_EQ(it.metric("prometheus_proxy_unrecognized_rsocket_total"), "1");
}

TEST(Balancer, FloodOfMissingHeadersIsLoggedInAFewLines) {
  BalancerWorld it(behind_balancer(true));
  std::vector<std::unique_ptr<Dialler>> diallers;
  for (int i = 0; i < 200; ++i) {
    diallers.push_back(std::make_unique<Dialler>(it.balancer, TransportKind::kTcp, ""));
  }
  it.world.run_for(1s);
  EXPECT_LE(it.proxy->count_log("msg=\"connection refused\""), it.shard_count * kLogBurst);
  EXPECT_EQ(it.refused("proxy_header_missing"), "200");
}

TEST(Balancer, WhoIsHeldForItsHeaderIsNotWaitedForWhenTheProxyEnds) {
  BalancerWorld it(behind_balancer(true));
  const Dialler without(it.balancer, TransportKind::kTcp, "");
  it.world.run_for(100ms);
  it.proxy->raise(runtime::Signal::kTerminate);
  it.world.run_for(1s);
  EXPECT_EQ(it.exit_code, 0);
}

// ---- How many come from one address.

TEST_P(EitherTransport, ConnectionsCountForTheAddressOfTheHeader) {
  Config config = behind_balancer(true);
  config.connections_per_address_max = 1;
  BalancerWorld it(config);
  auto first = std::make_unique<Dialler>(it.balancer, GetParam(), proxy_line(kClient, kTcp));
  it.world.run_for(1s);
  const Dialler other(it.balancer, GetParam(), proxy_binary(kOther, kTcp));
  const Dialler second(it.balancer, GetParam(), proxy_binary(kClient, kTcp));
  it.world.run_for(2s);
  EXPECT_FALSE(first->is_silent()) << "the key";
  EXPECT_FALSE(other.is_silent());
  EXPECT_TRUE(second.is_silent());
  EXPECT_FALSE(second.peer.ended()) << "held";
  EXPECT_EQ(it.clients(), "2");
  EXPECT_EQ(it.refused("max_connections_per_address"), "1");
  ASSERT_TRUE(it.world.run_until([&] { return second.peer.ended().failed(); }, kHoldMax));

  first.reset();
  it.world.run_for(1s);
  const Dialler third(it.balancer, GetParam(), proxy_binary(kClient, kTcp));
  it.world.run_for(2s);
  EXPECT_FALSE(third.is_silent());
}

// Each way that a connection may end gives back what it took up: the limit is reached anew.
TEST_P(EitherTransport, ASlotIsGivenBackHoweverItsConnectionEnds) {
  Config config = behind_balancer(true);
  config.connections_max = 3;
  config.connections_per_address_max = 2;
  BalancerWorld it(config);
  const auto kind = GetParam();
  for (int i = 0; i < 5; ++i) {
    for (const std::string& first : {""s, "PROXY "s, "PROXY TCP4\r\n"s, proxy_line(kClient, kTcp),
                                     proxy_binary(0x20, 0, "")}) {
      std::vector<std::unique_ptr<Dialler>> diallers;
      for (int n = 0; n < 4; ++n) {
        diallers.push_back(std::make_unique<Dialler>(it.balancer, kind, first));
      }
      it.world.run_for(i * 1s);
      diallers.clear();
      it.world.run_for(kHoldMax + rsocket::kFirstFrameTime + 3s);
      EXPECT_EQ(it.world.open_connections(), 0U);
    }
  }
  const Dialler one(it.balancer, kind, proxy_line(kClient, kTcp));
  const Dialler two(it.balancer, kind, proxy_line(kClient, kTcp));
  const Dialler other(it.balancer, kind, proxy_line(kOther, kTcp));
  it.world.run_for(2s);
  EXPECT_EQ(it.clients(), "3");
  it.proxy->raise(runtime::Signal::kTerminate);
  ASSERT_TRUE(it.world.run_until([&] { return it.exit_code.has_value(); }, 1min));
  EXPECT_EQ(it.exit_code, 0);
}

TEST(Balancer, WithoutHeadersItsConnectionsCountForItself) {
  Config config = behind_balancer(false);
  config.connections_per_address_max = 1;
  for (const TransportKind kind : {TransportKind::kTcp, TransportKind::kWebSocket}) {
    BalancerWorld it(config);
    const Dialler first(it.balancer, kind, "");
    it.world.run_for(1s);
    const Dialler second(it.balancer, kind, "");
    it.world.run_for(1s);
    EXPECT_FALSE(first.is_silent());
    EXPECT_TRUE(second.is_silent());
    EXPECT_EQ(it.refused("max_connections_per_address"), "1");
  }
}

// ---- X-Forwarded-For.

TEST(ForwardedForOfABalancer, SaysWhoTheClientIs) {
  BalancerWorld it(behind_balancer(false));
  const Dialler one(it.balancer, TransportKind::kWebSocket, "", "198.51.100.7, 192.0.2.1");
  const Dialler two(it.balancer, TransportKind::kWebSocket, "", "[2001:db8::1]:443, 10.9.1.1");
  it.world.run_for(2s);
  EXPECT_EQ(it.connected("192.0.2.1"), 1U) << it.world.log_text();
  EXPECT_EQ(it.connected("[2001:db8::1]:443"), 1U) << it.world.log_text();
}

TEST(ForwardedForOfABalancer, IsIgnoredFromWhereItIsGarbage) {
  BalancerWorld it(behind_balancer(false));
  const Dialler one(it.balancer, TransportKind::kWebSocket, "", "192.0.2.1, unknown, 10.9.1.1");
  it.world.run_for(2s);
  EXPECT_EQ(it.proxy->count_log("client=10.9.0.1:"), 1U) << it.world.log_text();
}

TEST(ForwardedForOfABalancer, CountsBehindAHeaderThatNamesABalancer) {
  BalancerWorld it(behind_balancer(true));
  const runtime::Endpoint inner{sim::ip("10.9.7.7"), 99};
  const Dialler one(it.balancer, TransportKind::kWebSocket, proxy_line(inner, kWebSocket),
                    "192.0.2.9");
  const Dialler two(it.balancer, TransportKind::kWebSocket, proxy_line(kClient, kWebSocket),
                    "192.0.2.9");
  it.world.run_for(2s);
  EXPECT_EQ(it.connected("192.0.2.9"), 1U) << it.world.log_text();
  EXPECT_EQ(it.connected("192.0.2.1:4711"), 1U) << "who wrote the other list is no balancer";
}

TEST(ForwardedForOfAStranger, IsIgnored) {
  BalancerWorld it(behind_balancer(false));
  runtime::Shard& host = it.new_host();
  const std::string address = it.last_host().to_string();
  const Dialler stranger(host, TransportKind::kWebSocket, "", "192.0.2.1");
  it.world.run_for(2s);
  EXPECT_EQ(it.proxy->count_log("client=" + address + ":"), 1U) << it.world.log_text();
  EXPECT_EQ(it.connected("192.0.2.1"), 0U);
}

TEST(ForwardedForOfABalancer, CountsForTheLimitOfAnAddress) {
  Config config = behind_balancer(false);
  config.connections_per_address_max = 1;
  BalancerWorld it(config);
  const Dialler one(it.balancer, TransportKind::kWebSocket, "", "192.0.2.1");
  const Dialler two(it.balancer, TransportKind::kWebSocket, "", "192.0.2.2");
  it.world.run_for(1s);
  const Dialler three(it.balancer, TransportKind::kWebSocket, "", "192.0.2.1:99");
  it.world.run_for(2s);
  EXPECT_FALSE(one.is_silent());
  EXPECT_FALSE(two.is_silent());
  EXPECT_TRUE(three.is_silent());
  EXPECT_EQ(it.refused("max_connections_per_address"), "1");
}

}  // namespace
}  // namespace prometheus_rsocket::server
