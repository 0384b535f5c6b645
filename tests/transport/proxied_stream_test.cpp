// How a connection reads behind its PROXY header: as if it had never been there.
#include "transport/proxied_stream.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/asio/bind_executor.hpp>

#include "sim/peer/proxy_header_bytes.h"
#include "sim/peer/raw_peer.h"
#include "sim/world.h"

namespace prometheus_rsocket::transport {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using runtime::Endpoint;
using runtime::error_code;
using runtime::Stream;

const Endpoint kServer{sim::ip("10.0.0.1"), 7001};
const Endpoint kClient{sim::ip("192.0.2.1"), 4711};
const std::string kHeader = sim::peer::proxy_binary(kClient, kServer);

// One connection to a server that reads its header.
struct Reading {
  explicit Reading(bool required, std::uint64_t seed = 1)
      : world(seed),
        shard(world.add_process(kServer.address).shard(0)),
        listener(shard.network.listen(kServer).value()),
        peer(world.add_process(sim::ip("10.0.0.2")).shard(0), kServer) {
    listener->async_accept(
        shard.executor,
        boost::asio::bind_executor(
            shard.executor, [this, required](error_code accept_error, auto stream) {
              ASSERT_FALSE(accept_error);
              async_read_proxy_header(
                  shard, std::move(stream), {required, shard.clock.now() + 10s},
                  boost::asio::bind_executor(shard.executor,
                                             [this](error_code why, std::unique_ptr<Stream> rest) {
                                               error = why;
                                               remote = rest->remote_endpoint();
                                               if (!why) server.emplace(shard, std::move(rest));
                                             }));
            }));
  }

  [[nodiscard]] bool is_done() {
    return world.run_until([this] { return error.has_value(); }, 20s);
  }

  sim::World world;
  base::Instant start = world.now();
  runtime::Shard& shard;
  std::unique_ptr<runtime::Listener> listener;
  sim::peer::RawPeer peer;
  std::optional<error_code> error;
  std::optional<Endpoint> remote;
  std::optional<sim::peer::RawPeer> server;  // reads what is left
};

RC_GTEST_PROP(ProxiedStream, GivesWhatIsBehindTheHeaderHoweverItIsCut, (std::uint64_t seed)) {
  Reading it(true, seed);
  const std::string text = *rc::gen::arbitrary<std::string>();
  const std::string bytes = kHeader + text;
  const auto cut = *rc::gen::inRange<std::size_t>(0, bytes.size());
  it.peer.send(bytes.substr(0, cut));
  it.world.run_for(1s);
  it.peer.send(bytes.substr(cut));
  it.peer.send_fin();
  RC_ASSERT(it.is_done());
  RC_ASSERT(it.error == error_code());
  RC_ASSERT(it.remote == kClient);
  RC_ASSERT(it.world.run_until([&] { return it.server->ended().failed(); }));
  RC_ASSERT(it.server->ended() == boost::asio::error::eof);
  RC_ASSERT(it.server->received() == text);
}

TEST(ProxiedStream, WritesAndEndsAsTheOneBelow) {
  Reading it(true);
  it.peer.send(kHeader + "question");
  ASSERT_TRUE(it.is_done());
  it.server->send("answer");
  it.server->send_fin();
  ASSERT_TRUE(it.world.run_until([&] { return it.peer.ended().failed(); }));
  EXPECT_EQ(it.peer.received(), "answer");
  EXPECT_EQ(it.peer.ended(), boost::asio::error::eof);
}

TEST(ProxiedStream, OfOneThatNeedsNoHeaderIsAsItCame) {
  for (const std::string& bytes : {"P"s, "PROX\t and more"s, "\r\n\r\nQ"s, "plain"s, ""s}) {
    Reading it(false);
    it.peer.send(bytes);
    it.peer.send_fin();
    ASSERT_TRUE(it.is_done());
    EXPECT_EQ(it.error, error_code());
    EXPECT_EQ(it.remote->address, sim::ip("10.0.0.2"));
    ASSERT_TRUE(it.world.run_until([&] { return it.server->ended().failed(); }));
    EXPECT_EQ(it.server->ended(), boost::asio::error::eof);
    EXPECT_EQ(it.server->received(), bytes);
  }
}

TEST(ProxiedStream, OfOneThatNeedsNoHeaderAndIsSilentIsHandedOnWhenTheTimeIsOver) {
  for (const std::string& bytes : {"PRO"s, ""s}) {
    Reading it(false);
    it.peer.send(bytes);
    ASSERT_TRUE(it.is_done());
    EXPECT_GE(it.world.now() - it.start, 10s);
    EXPECT_EQ(it.error, error_code());
    it.peer.send("XY");
    it.world.run_for(1s);
    EXPECT_EQ(it.server->received(), bytes + "XY");
  }
}

TEST(ProxiedStream, AHeaderFromWhoMustNotSendOneIsRefusedByItsFirstBytes) {
  for (const std::string& bytes : {kHeader, kHeader.substr(0, 12), "PROXY "s}) {
    Reading it(false);
    it.peer.send(bytes);
    ASSERT_TRUE(it.is_done());
    EXPECT_EQ(it.error, ProxyHeaderError::kFromUntrusted);
    EXPECT_LT(it.world.now() - it.start, 1s);
  }
}

TEST(ProxiedStream, ThatEndsWithinItsHeaderIsRefused) {
  Reading it(true);
  it.peer.send(kHeader.substr(0, 20));
  it.peer.send_fin();
  ASSERT_TRUE(it.is_done());
  EXPECT_EQ(it.error, ProxyHeaderError::kCutShort);
}

TEST(ProxiedStream, ThatEndsWithoutAByteEndsAsItDid) {
  Reading it(true);
  it.peer.send_fin();
  ASSERT_TRUE(it.is_done());
  EXPECT_EQ(it.error, error_code(boost::asio::error::eof));
}

TEST(ProxiedStream, WhoseHeaderIsLateIsRefused) {
  Reading it(true);
  for (const char byte : kHeader.substr(0, 15)) {
    it.peer.send({&byte, 1});
    it.world.run_for(1s);
  }
  ASSERT_TRUE(it.is_done());
  EXPECT_EQ(it.error, ProxyHeaderError::kLate);
}

}  // namespace
}  // namespace prometheus_rsocket::transport
