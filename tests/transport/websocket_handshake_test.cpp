// The WebSocket upgrade from both sides: what is taken, what is refused and how, and when it has
// taken too long (wire-protocol.md, sections 1, 3 and 4).
#include <gtest/gtest.h>

#include <boost/asio/write.hpp>

#include "rsocket/limits.h"
#include "session_params.h"
#include "sim/peer/http_client.h"
#include "transport/limits.h"

namespace prometheus_rsocket::transport {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

// A stranger who sends what the test says in place of an upgrade.
struct Upgrade {
  explicit Upgrade(std::uint64_t seed = 1)
      : it(TransportKind::kWebSocket, seed), peer(it.client_shard(), SessionWorld::kServer) {}

  void send(std::string_view bytes) { peer.send(bytes); }
  [[nodiscard]] bool is_accepted() {
    return it.world.run_until([this] { return it.upgrade_error.has_value(); }, 1min) &&
           !*it.upgrade_error;
  }
  // The answer after which the connection was closed; nothing if there was none.
  [[nodiscard]] std::optional<sim::peer::HttpResponse> refusal() {
    EXPECT_TRUE(it.world.run_until([this] { return peer.ended().failed(); }, 1min));
    return sim::peer::parse_response(peer.received(), peer.ended() == boost::asio::error::eof);
  }
  // What async_accept_websocket() ended with, once the peer has gone.
  [[nodiscard]] runtime::error_code error() {
    peer.close();
    EXPECT_TRUE(it.world.run_until([this] { return it.upgrade_error.has_value(); }, 1min));
    return it.upgrade_error.value_or(runtime::error_code());
  }

  SessionWorld it;
  sim::peer::RawPeer peer;
};

TEST(WebSocketUpgrade, IsAnsweredBy101OnAnyPath) {
  for (const std::string_view path : {"/", "/rsocket?a=b", "/a/path/of/a/gateway"}) {
    Upgrade upgrade;
    upgrade.send(upgrade_request("", path));
    ASSERT_TRUE(upgrade.is_accepted()) << path;
    upgrade.it.world.run_for(1s);
    EXPECT_TRUE(upgrade.peer.received().starts_with("HTTP/1.1 101 "));
    // RFC 6455, section 1.3: the answer to this key.
    EXPECT_NE(upgrade.peer.received().find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);
  }
}

TEST(WebSocketUpgrade, HandsOnAuthorizationAndForwardedFor) {
  Upgrade upgrade;
  upgrade.send(
      upgrade_request("Authorization: Bearer abc\r\nx-forwarded-for: 192.0.2.1, 10.9.9.9\r\n"));
  ASSERT_TRUE(upgrade.is_accepted());
  EXPECT_EQ(upgrade.it.upgrade->authorization, "Bearer abc");
  EXPECT_EQ(upgrade.it.upgrade->forwarded_for, "192.0.2.1, 10.9.9.9");
}

TEST(WebSocketUpgrade, HandsOnNothingWhereNothingWasSent) {
  Upgrade upgrade;
  upgrade.send(upgrade_request());
  ASSERT_TRUE(upgrade.is_accepted());
  EXPECT_EQ(upgrade.it.upgrade->authorization, "");
  EXPECT_EQ(upgrade.it.upgrade->forwarded_for, "");
}

// A proxy on the way may add a line of its own below the one that a client made up.
TEST(WebSocketUpgrade, TakesSeveralForwardedForLinesAsOneList) {
  Upgrade upgrade;
  upgrade.send(upgrade_request(
      "X-Forwarded-For: 198.51.100.7\r\nVia: a\r\nX-Forwarded-For: 192.0.2.1, 10.9.9.9\r\n"));
  ASSERT_TRUE(upgrade.is_accepted());
  EXPECT_EQ(upgrade.it.upgrade->forwarded_for, "198.51.100.7, 192.0.2.1, 10.9.9.9");
}

TEST(WebSocketUpgrade, MayComeByteByByte) {
  Upgrade upgrade;
  for (const char byte : upgrade_request("Authorization: Bearer abc\r\n")) {
    upgrade.send({&byte, 1});
    upgrade.it.world.run_for(2ms);
  }
  ASSERT_TRUE(upgrade.is_accepted());
  EXPECT_EQ(upgrade.it.upgrade->authorization, "Bearer abc");
}

// ---- Refused.

struct Refused {
  std::string name;
  std::string request;
  int status;
};

std::vector<Refused> refused() {
  const auto without = [](std::string_view line) {
    std::string request = upgrade_request();
    const std::size_t at = request.find(line);
    return request.erase(at, request.find("\r\n", at) + 2 - at);
  };
  std::string older = upgrade_request();
  older.replace(older.find("13\r\n"), 2, "12");
  std::string http_1_0 = upgrade_request();
  http_1_0.replace(http_1_0.find("HTTP/1.1"), 8, "HTTP/1.0");
  return {
      {"plain_get", "GET /metrics/connected HTTP/1.1\r\nHost: proxy\r\n\r\n", 426},
      {"post", "POST / HTTP/1.1\r\nHost: proxy\r\nContent-Length: 0\r\n\r\n", 426},
      {"http_1_0", http_1_0, 426},
      {"no_upgrade_header", without("Upgrade: websocket"), 426},
      {"no_version", without("Sec-WebSocket-Version"), 400},
      {"version_12", older, 426},
      {"no_key", without("Sec-WebSocket-Key"), 400},
      {"no_host", without("Host"), 400},
      {"with_a_body", upgrade_request("Content-Length: 3\r\n") + "abc", 400},
      {"with_a_body_of_unknown_length", upgrade_request("Transfer-Encoding: gzip\r\n"), 400},
      {"with_frames_behind_it",
       upgrade_request() + client_bytes({Opcode::kBinary, true, "too early"}), 400},
      {"garbage", "\r\n\r\n\r\n nothing like HTTP\r\n\r\n", 400},
      {"tls", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s + std::string(512, 'r'), 400},
      {"rsocket_over_tcp",
       sim::peer::framed(rsocket::Frame{rsocket::kConnectionStream, sim::peer::setup_frame()}),
       400},
      {"long_header", upgrade_request("X-Long: " + std::string(kUpgradeBytesMax, 'x') + "\r\n"),
       431},
  };
}

class RefusedUpgrade : public testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Of, RefusedUpgrade, testing::Range(std::size_t{0}, refused().size()),
                         [](const auto& of) { return refused()[of.param].name; });

TEST_P(RefusedUpgrade, IsToldWhyAndClosed) {
  const Refused stranger = refused()[GetParam()];
  Upgrade upgrade;
  upgrade.send(stranger.request);
  const auto response = upgrade.refusal();
  ASSERT_TRUE(response) << upgrade.peer.received();
  EXPECT_EQ(response->status, stranger.status);
  EXPECT_EQ(
      response->headers.contains("upgrade") || response->headers.contains("sec-websocket-version"),
      stranger.status == 426);
  EXPECT_EQ(upgrade.error(), boost::system::errc::bad_message);
  EXPECT_EQ(upgrade.it.server, nullptr);
  upgrade.it.world.run_for(1s);
  EXPECT_EQ(upgrade.it.world.open_connections(), 0U);
}

// ---- Too late.

TEST(WebSocketUpgrade, EndsAtItsDeadlineWhenNothingComes) {
  Upgrade upgrade;
  EXPECT_EQ(upgrade.refusal(), std::nullopt);
  EXPECT_EQ(upgrade.error(), boost::asio::error::timed_out);
}

TEST(WebSocketUpgrade, EndsAtItsDeadlineWhenItComesSlowly) {
  Upgrade upgrade;
  for (const char byte : upgrade_request().substr(0, 9)) {
    upgrade.send({&byte, 1});
    upgrade.it.world.run_for(1s);
  }
  EXPECT_FALSE(upgrade.it.upgrade_error.has_value());
  upgrade.it.world.run_for(2s);
  EXPECT_EQ(upgrade.it.upgrade_error, boost::asio::error::timed_out);
}

// A client of RSocket over TCP takes itself for connected, and redials without pause when it is
// closed.
TEST(WebSocketUpgrade, KeepsWhoDoesNotEvenSpeakHttpWaitingForItsAnswer) {
  Upgrade upgrade;
  upgrade.send(
      sim::peer::framed(rsocket::Frame{rsocket::kConnectionStream, sim::peer::setup_frame()}));
  upgrade.it.world.run_for(SessionWorld::kHandshakeHold);
  EXPECT_EQ(upgrade.peer.received(), "");
  EXPECT_FALSE(upgrade.peer.ended().failed());
  EXPECT_EQ(upgrade.refusal()->status, 400);
}

TEST(WebSocketUpgrade, AnswersHttpThatIsNoUpgradeAtOnce) {
  Upgrade upgrade;
  upgrade.send("GET / HTTP/1.1\r\nHost: proxy\r\n\r\n");
  upgrade.it.world.run_for(SessionWorld::kHandshakeHold / 2);
  EXPECT_NE(upgrade.peer.received(), "");
}

TEST(WebSocketUpgrade, WaitsNoLongerThanItsDeadline) {
  Upgrade upgrade;
  upgrade.it.world.run_for(SessionWorld::kHandshakeTime - SessionWorld::kHandshakeHold / 2);
  upgrade.send("\x16\x03\x01");
  upgrade.it.world.run_for(SessionWorld::kHandshakeHold);
  EXPECT_TRUE(upgrade.peer.ended().failed());
  EXPECT_TRUE(upgrade.it.upgrade_error.has_value());
}

TEST(WebSocketUpgrade, EndsAtItsDeadlineWhenTheRefusedDoesNotGo) {
  Upgrade upgrade;
  upgrade.send("GET / HTTP/1.1\r\nHost: proxy\r\n\r\n");
  EXPECT_EQ(upgrade.refusal()->status, 426);
  upgrade.it.world.run_for(11s);
  EXPECT_TRUE(upgrade.it.upgrade_error.has_value());
}

TEST(WebSocketUpgrade, EndsWhenThePeerGoesInTheMiddle) {
  Upgrade upgrade;
  upgrade.send("GET / HTTP/1.1\r\nHost:");
  upgrade.it.world.run_for(1s);
  EXPECT_TRUE(upgrade.error().failed());
  EXPECT_EQ(upgrade.it.server, nullptr);
}

// ---- The client's side, at a server that says what the test wants.

class CannedServer {
 public:
  CannedServer(runtime::Shard& shard, std::string answer)
      : shard_(shard),
        answer_(std::move(answer)),
        listener_(shard.network.listen({sim::ip("10.0.0.3"), 80}).value()) {
    listener_->async_accept(
        shard_.executor, boost::asio::bind_executor(
                             shard_.executor, [this](runtime::error_code error,
                                                     std::unique_ptr<runtime::Stream> stream) {
                               if (error) return;
                               stream_ = std::move(stream);
                               boost::asio::async_write(
                                   *stream_, boost::asio::buffer(answer_),
                                   boost::asio::bind_executor(
                                       shard_.executor, [](runtime::error_code, std::size_t) {}));
                             }));
  }

 private:
  runtime::Shard& shard_;
  std::string answer_;
  std::unique_ptr<runtime::Listener> listener_;
  std::unique_ptr<runtime::Stream> stream_;
};

struct Dialled {
  std::optional<runtime::error_code> error;
  std::unique_ptr<FrameChannel> channel;
  base::Duration took{};
};

Dialled dial(const std::string& answer) {
  sim::World world(1);
  CannedServer server(world.add_process(sim::ip("10.0.0.3")).shard(0), answer);
  runtime::Shard& shard = world.add_process(sim::ip("10.0.0.2")).shard(0);
  const base::Instant began = world.now();
  Dialled dialled;
  shard.network.async_connect(
      {sim::ip("10.0.0.3"), 80},
      boost::asio::bind_executor(shard.executor, [&](runtime::error_code,
                                                     std::unique_ptr<runtime::Stream> stream) {
        async_dial_websocket(
            shard, std::move(stream), {.host = "proxy", .path = "/", .deadline = began + 5s},
            boost::asio::bind_executor(shard.executor, [&](runtime::error_code error,
                                                           std::unique_ptr<FrameChannel> channel) {
              dialled.error = error;
              dialled.channel = std::move(channel);
            }));
      }));
  EXPECT_TRUE(world.run_until([&] { return dialled.error.has_value(); }, 1min));
  dialled.took = world.now() - began;
  dialled.channel.reset();
  return dialled;
}

TEST(WebSocketDial, EndsAtItsDeadlineWhenNothingIsAnswered) {
  const Dialled dialled = dial("");
  EXPECT_EQ(dialled.error, boost::asio::error::timed_out);
  EXPECT_EQ(dialled.took, 5s);
}

TEST(WebSocketDial, FailsWhenTheServerDoesNotUpgrade) {
  const Dialled dialled = dial("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_TRUE(dialled.error.value().failed());
  EXPECT_LT(dialled.took, 1s);
}

TEST(WebSocketDial, FailsWhenTheAnswerIsToAnotherKey) {
  const Dialled dialled = dial(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  EXPECT_TRUE(dialled.error.value().failed());
}

}  // namespace
}  // namespace prometheus_rsocket::transport
