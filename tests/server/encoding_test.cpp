// Bodies in their content codings over a virtual network, and who goes while they are under way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>

#include "http/limits.h"
#include "http/server.h"
#include "server_world.h"
#include "sim/peer/unpack.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;
using sim::peer::unpacked_body;

constexpr std::size_t kBlockBytes = 512;
constexpr std::size_t kPieceBytes = 100;
constexpr http::Compression kCompression{http::GzipEffort::kReproducible, kBlockBytes};
constexpr std::string_view kAcceptGzip = "Accept-Encoding: gzip\r\n";
const std::string kRequest = "GET / HTTP/1.1\r\nHost: p\r\n" + std::string(kAcceptGzip) + "\r\n";

// Answers with so many pieces of bytes that hardly shrink.
class BodyHandler final : public http::RequestHandler {
 public:
  explicit BodyHandler(std::size_t pieces) : pieces_(pieces) {}

  void handle(const std::shared_ptr<http::Exchange>& exchange) override {
    exchange->stream({}, [this, held = held_, next = std::size_t{0}](std::string& out) mutable {
      if (next == pieces_) return false;
      ++asked;
      out += piece(next++);
      return true;
    });
  }
  [[nodiscard]] std::string body() const {
    std::string text;
    for (std::size_t i = 0; i < pieces_; ++i) text += piece(i);
    return text;
  }
  [[nodiscard]] long sources() const { return held_.use_count() - 1; }
  std::size_t asked = 0;  // pieces, of all bodies

 private:
  static std::string piece(std::size_t number) {
    auto draw = static_cast<std::uint32_t>(number);
    std::string text;
    for (std::size_t i = 0; i < kPieceBytes; ++i) {
      draw = draw * 1664525U + 1013904223U;
      text += static_cast<char>(draw >> 24U);
    }
    return text;
  }

  const std::size_t pieces_;
  const std::shared_ptr<int> held_ = std::make_shared<int>();  // by each source
};

// A server on the first of three shards: most blocks go by the others.
struct Encoded {
  explicit Encoded(std::size_t pieces, std::uint64_t seed = 1) : world(seed), handler(pieces) {
    auto listener = process.shard(0).network.listen(kHttp);
    server->serve(std::move(*listener));
  }
  sim::peer::HttpResponse get(std::string_view headers, std::string_view method = "GET") {
    sim::peer::HttpClient client(scraper_host, kHttp);
    client.request(method, "/", headers);
    EXPECT_TRUE(world.run_until([&] { return client.response().has_value(); }, 1min));
    return client.response().value_or(sim::peer::HttpResponse{});
  }

  sim::World world;
  sim::Process& process = world.add_process(kProxyAddress, 3);
  runtime::Shard& scraper_host = world.add_process(sim::ip("10.1.0.1")).shard(0);
  BodyHandler handler;
  std::optional<http::Server> server{std::in_place, process, 0U, handler, kCompression};
};

TEST(Encoding, EachCodingBringsTheSameText) {
  for (const std::size_t pieces : {0U, 1U, 5U, 6U, 500U}) {
    Encoded it(pieces);
    for (const std::string coding : {"", "gzip", "zstd"}) {
      const auto response = it.get(coding.empty() ? "" : "Accept-Encoding: " + coding + "\r\n");
      const auto encoding = response.headers.find("content-encoding");
      EXPECT_EQ(encoding == response.headers.end() ? "" : encoding->second, coding);
      EXPECT_EQ(response.headers.at("vary"), "Accept, Accept-Encoding");
      EXPECT_TRUE(unpacked_body(response) == it.handler.body()) << coding << ", " << pieces;
    }
  }
}

TEST(Encoding, HeadHasTheHeadersAlone) {
  Encoded it(500);
  for (const std::string coding : {"gzip", "zstd"}) {
    const auto response = it.get("Accept-Encoding: " + coding + "\r\n", "HEAD");
    EXPECT_EQ(response.headers.at("content-encoding"), coding);
    EXPECT_EQ(response.body, "");
  }
  EXPECT_EQ(it.handler.asked, 0U);
}

TEST(Encoding, InHttp10ItEndsWithTheConnection) {
  for (const std::size_t pieces : {0U, 500U}) {
    Encoded it(pieces);
    for (const std::string coding : {"identity", "gzip", "zstd"}) {
      sim::peer::RawPeer peer(it.scraper_host, kHttp);
      peer.send("GET / HTTP/1.0\r\nAccept-Encoding: " + coding + "\r\n\r\n");
      ASSERT_TRUE(it.world.run_until([&] { return static_cast<bool>(peer.ended()); }, 1min));
      const auto response = sim::peer::parse_response(peer.received(), true);
      ASSERT_TRUE(response);
      EXPECT_FALSE(response->headers.contains("transfer-encoding"));
      EXPECT_TRUE(unpacked_body(*response) == it.handler.body()) << coding;
    }
  }
}

TEST(Encoding, BlocksGoByOtherShards) {
  Encoded it(500);
  (void)it.get(kAcceptGzip);
  EXPECT_GT(it.world.count(sim::Happening::kMessageReordered), 0U);
}

TEST(Encoding, AScraperThatDoesNotReadHoldsAFewBlocks) {
  Encoded it(1'000'000);
  sim::peer::RawPeer peer(it.scraper_host, kHttp);
  peer.pause_reading();
  peer.send(kRequest);
  it.world.run_for(10s);
  const std::size_t in_network = 2 * sim::Config{}.window_bytes;
  EXPECT_GT(it.handler.asked, 0U);
  EXPECT_LE(it.handler.asked * kPieceBytes,
            in_network + (http::kGzipBlocksMax + 2) * (kBlockBytes + kPieceBytes));
}

// Until so many pieces of the body were asked for: some blocks are with other shards then.
void request_and_run(Encoded& it, sim::peer::RawPeer& peer, std::size_t pieces) {
  peer.send(kRequest);
  ASSERT_TRUE(it.world.run_until([&] { return it.handler.asked >= pieces; }, 1min));
}

TEST(Encoding, AScraperMayGoAwayWithBlocksUnderWay) {
  for (std::size_t pieces = 1; pieces < 60; ++pieces) {
    Encoded it(500, pieces);
    {
      sim::peer::RawPeer peer(it.scraper_host, kHttp);
      request_and_run(it, peer, pieces);
    }
    it.world.run_for(1min);
    EXPECT_EQ(it.handler.sources(), 0);
    EXPECT_TRUE(unpacked_body(it.get(kAcceptGzip)) == it.handler.body());
  }
}

TEST(Encoding, AServerMayEndWithBlocksUnderWay) {
  for (std::size_t pieces = 1; pieces < 60; ++pieces) {
    Encoded it(500, pieces);
    sim::peer::RawPeer peer(it.scraper_host, kHttp);
    request_and_run(it, peer, pieces);
    it.server.reset();
    const std::size_t asked = it.handler.asked;
    it.world.run_for(1min);
    EXPECT_EQ(it.handler.asked, asked);
    EXPECT_EQ(it.handler.sources(), 0);
    EXPECT_TRUE(peer.ended());
  }
}

TEST(Encoding, AServerMayEndAtAnyMomentOfAnAnswer) {
  for (const std::string method : {"GET", "HEAD"}) {
    for (int events = 0; events < 40; ++events) {
      Encoded it(500);
      sim::peer::RawPeer peer(it.scraper_host, kHttp);
      peer.send(method + kRequest.substr(kRequest.find(' ')));
      ASSERT_TRUE(it.world.run_until([&] { return it.handler.sources() > 0; }, 1min));
      int passed = 0;
      static_cast<void>(it.world.run_until([&] { return passed++ == events; }, 1min));
      it.server.reset();
      const std::size_t asked = it.handler.asked;
      it.world.run_for(1min);
      EXPECT_EQ(it.handler.asked, asked) << method << ", " << events;
      EXPECT_EQ(it.handler.sources(), 0) << method << ", " << events;
      EXPECT_TRUE(peer.ended());
    }
  }
}

TEST(Encoding, IsByAllLinesOfAcceptEncoding) {
  Encoded it(1);
  const auto response = it.get("Accept-Encoding: identity;q=0\r\nAccept-Encoding: zstd\r\n");
  EXPECT_EQ(response.headers.at("content-encoding"), "zstd");
}

TEST(Encoding, AProcessMayEndWithBlocksUnderWay) {
  for (const auto end : {&sim::World::stop, &sim::World::kill}) {
    for (std::size_t pieces = 1; pieces < 60; ++pieces) {
      Encoded it(500, pieces);
      sim::peer::RawPeer peer(it.scraper_host, kHttp);
      request_and_run(it, peer, pieces);
      (it.world.*end)(it.process);
      it.world.run_for(1min);
      EXPECT_TRUE(peer.ended());
      it.server.reset();
      EXPECT_EQ(it.handler.sources(), 0);
    }
  }
}

// ---- Of a whole proxy

void expect_packed_pages(const http::Compression& compression) {
  Config config;
  config.compression = compression;
  ServerWorld it(config, {}, 1, 3);
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "a{i=\"" + std::to_string(i) + "\"} 1\n";
  it.add_application(text);
  for (const std::string path :
       {"/metrics/connected", "/metrics/pushes", "/metrics/proxy", "/sd", "/api/v1/clients"}) {
    const std::string plain = it.get(path).body;
    const bool tells_the_time = path == "/metrics/proxy" || path == "/api/v1/clients";
    const std::string beginning = tells_the_time ? plain.substr(0, 10) : plain;
    for (const std::string coding : {"gzip", "zstd"}) {
      const auto response = it.get(path, "Accept-Encoding: " + coding + "\r\n");
      EXPECT_EQ(response.headers.at("content-encoding"), coding) << path;
      const auto page = unpacked_body(response);
      ASSERT_TRUE(page) << path << coding;
      EXPECT_THAT(*page, testing::StartsWith(beginning));
    }
  }
}

TEST(Encoding, EachPageOfTheProxyIsPackedForWhoAsksForIt) { expect_packed_pages(kCompression); }

// Then pieces are added to what stands there already.
TEST(Encoding, APageSmallerThanABlockIsPackedToo) { expect_packed_pages({}); }

TEST(Encoding, AProxyMayBeKilledWithAPackedPageUnderWay) {
  Config config;
  config.compression = kCompression;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "a{i=\"" + std::to_string(i) + "\"} 1\n";
  for (std::uint64_t seed = 1; seed < 10; ++seed) {
    ServerWorld it(config, {}, seed, 3);
    it.add_application(text);
    const auto scraper = it.new_scraper();
    scraper->get("/metrics/connected", kAcceptGzip);
    ASSERT_TRUE(
        it.world.run_until([&] { return scraper->peer().received().size() > 500 * seed; }, 1min));
    EXPECT_FALSE(scraper->response());
    it.world.kill(*it.proxy);
    it.start();
    EXPECT_EQ(it.get("/-/healthy").status, 200);
  }
}

}  // namespace
}  // namespace prometheus_rsocket::server
