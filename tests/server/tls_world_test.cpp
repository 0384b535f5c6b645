// Handshakes of TLS at the server's two doors, with a stand-in for TLS: what they hold up, and what
// is known of a peer afterwards. TLS itself is tests/net.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/read.hpp>

#include "http/limits.h"
#include "rsocket/limits.h"
#include "server_world.h"
#include "sim/peer/rsocket_bytes.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kHello = "TLS!";

// The peer says hello, and all goes on in clear.
class StandInTls final : public runtime::TlsServer {
 public:
  explicit StandInTls(std::vector<runtime::TlsName> names = {}) : names_(std::move(names)) {}

 private:
  struct Operation {
    std::unique_ptr<runtime::Stream> stream;
    std::array<char, kHello.size()> hello{};
  };
  using Done = runtime::Handler<void(runtime::error_code, std::unique_ptr<runtime::Stream>,
                                     runtime::TlsPeer)>;

  void do_handshake(std::unique_ptr<runtime::Stream> stream, base::Duration /*hold*/,
                    Done done) const override {
    namespace asio = boost::asio;
    auto operation = std::make_shared<Operation>();
    operation->stream = std::move(stream);
    const auto slot = asio::get_associated_cancellation_slot(done);
    const auto where = asio::get_associated_executor(done);
    runtime::Stream& from = *operation->stream;
    const auto into = asio::buffer(operation->hello);
    asio::async_read(
        from, into,
        asio::bind_cancellation_slot(
            slot, asio::bind_executor(where, [operation, names = names_, d = std::move(done)](
                                                 runtime::error_code error, std::size_t) mutable {
              auto encrypted = std::move(operation->stream);
              if (error) encrypted.reset();
              std::move(d)(error, std::move(encrypted), runtime::TlsPeer{std::move(names), ""});
            })));
  }

  std::vector<runtime::TlsName> names_;
};

class Source final : public AccessSource {
 public:
  LoadedAccess load() override {
    return {std::make_shared<const WebAccess>(web), std::make_shared<const ClientAccess>(clients)};
  }
  bool has_changed() override { return false; }

  WebAccess web;
  ClientAccess clients;
};

class TlsWorld : public testing::Test {
 protected:
  ServerWorld& with_web(std::vector<runtime::TlsName> names = {}) {
    source_.web.tls = std::make_shared<StandInTls>(std::move(names));
    return start();
  }
  ServerWorld& with_clients(std::vector<runtime::TlsName> names = {}) {
    source_.clients.tls = std::make_shared<StandInTls>(std::move(names));
    return start();
  }
  sim::peer::RawPeer& peer(const runtime::Endpoint& to) {
    peers_.push_back(std::make_unique<sim::peer::RawPeer>(it_->new_host(), to));
    return *peers_.back();
  }
  // The bytes of an answer after its head.
  std::string get(std::string_view path) {
    sim::peer::RawPeer& scraper = peer(kHttp);
    scraper.send(std::string(kHello) + "GET " + std::string(path) +
                 " HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(it_->world.run_until([&] { return scraper.ended().failed(); }, 1min));
    const auto answer = sim::peer::parse_response(scraper.received(), true);
    scraper.close();
    return answer ? answer->body : "no answer";
  }
  // Of one that has said SETUP.
  void say_setup(sim::peer::RawPeer& client) {
    client.send(std::string(kHello) +
                sim::peer::framed(rsocket::Frame{{}, sim::peer::setup_frame()}));
  }

  Source source_;

 private:
  ServerWorld& start() {
    it_.emplace(Config{}, sim::Config{}, 1, 2, &source_);
    return *it_;
  }

  std::optional<ServerWorld> it_;
  std::vector<std::unique_ptr<sim::peer::RawPeer>> peers_;
};

TEST_F(TlsWorld, AfterItsHandshakeAScraperIsServed) {
  with_web();
  EXPECT_EQ(get("/-/healthy"), "healthy\n");
}

TEST_F(TlsWorld, WhoSaysNothingOverHttpIsEndedInTime) {
  ServerWorld& it = with_web();
  const sim::peer::RawPeer& silent = peer(kHttp);
  it.world.run_for(http::kHandshakeTime - 1s);
  EXPECT_FALSE(silent.ended());
  it.world.run_for(2s);
  EXPECT_TRUE(silent.ended());
}

TEST_F(TlsWorld, ManyHandshakesThatNeverEndKeepNoScraperOut) {
  ServerWorld& it = with_web();
  for (std::size_t i = 0; i < http::kConnectionsMax + 10; ++i) {
    static_cast<void>(peer(kHttp));
    it.world.run_for(1ms);
  }
  EXPECT_EQ(get("/-/healthy"), "healthy\n");
}

TEST_F(TlsWorld, AHandshakeOverHttpDoesNotHoldUpTheEnd) {
  ServerWorld& it = with_web();
  static_cast<void>(peer(kHttp));
  it.world.run_for(1s);
  it.proxy->raise(runtime::Signal::kTerminate);
  EXPECT_TRUE(it.world.run_until([&] { return it.exit_code.has_value(); }, 5s));
}

TEST_F(TlsWorld, AScraperIsWhomItsCertificateNames) {
  ServerWorld& it = with_web({{runtime::TlsName::Kind::kDns, "prometheus.example"}});
  it.push(gauge("a", 1));
  EXPECT_EQ(get("/metrics/connected"), gauge("a", 1));
  EXPECT_EQ(get("/metrics/connected"), "") << "from another host";
}

TEST_F(TlsWorld, AfterItsHandshakeAClientIsServed) {
  ServerWorld& it = with_clients();
  sim::peer::RawPeer& client = peer(kTcp);
  say_setup(client);
  EXPECT_TRUE(it.world.run_until([&] { return !client.received().empty(); }, 1min)) << "its key";
}

TEST_F(TlsWorld, WhoSaysNothingOverRSocketIsEndedInTimeAndCounted) {
  ServerWorld& it = with_clients();
  const sim::peer::RawPeer& silent = peer(kTcp);
  it.world.run_for(rsocket::kFirstFrameTime + 1s);
  EXPECT_TRUE(silent.ended());
  EXPECT_EQ(it.metric("prometheus_proxy_connections_refused_total{reason=\"tls_handshake\"}"), "1");
}

TEST_F(TlsWorld, AHandshakeAndSetupHaveOneTimeTogether) {
  ServerWorld& it = with_clients();
  sim::peer::RawPeer& slow = peer(kTcp);
  it.world.run_for(rsocket::kFirstFrameTime - 2s);
  slow.send(kHello);
  it.world.run_for(4s);
  EXPECT_TRUE(slow.ended());
}

TEST_F(TlsWorld, AClientMayBeWhomItsCertificateAllows) {
  using Kind = runtime::TlsName::Kind;
  source_.clients.certificates = {
      {Kind::kDns, access::Glob("*.shop"), {"shop", access::Glob("shop"), {}}}};
  ServerWorld& it = with_clients({{Kind::kDns, "a.shop"}});
  sim::peer::RawPeer& nameless = peer(kTcp);
  say_setup(nameless);
  EXPECT_TRUE(it.world.run_until([&] { return !nameless.received().empty(); }, 1min));
  rsocket::SetupConfig setup;
  ASSERT_TRUE(transport::introduce(
      setup, {.job = "bank", .instance = "1", .incarnation = "one", .labels = {}}));
  sim::peer::RawPeer& other = peer(kTcp);
  rsocket::SetupFrame frame = sim::peer::setup_frame();
  frame.metadata_mime_type = setup.metadata_mime_type;
  frame.payload.metadata = base::ByteView(*setup.payload.metadata);
  other.send(std::string(kHello) + sim::peer::framed(rsocket::Frame{{}, frame}));
  it.world.run_for(4s);
  EXPECT_EQ(other.received(), "") << "it is held";
  EXPECT_FALSE(other.ended());
  it.world.run_for(15s);
  EXPECT_TRUE(other.ended());
}

}  // namespace
}  // namespace prometheus_rsocket::server
