// What a scraper's connection may do, and what is concluded from it, in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include "http/server.h"
#include "server_world.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// A page of it comes to a halt where nobody reads.
std::string more_than_is_buffered() {
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += "a{i=\"" + std::to_string(i) + "\"} 1\n";
  return text;
}

// ---- Answers

// Its body pauses between pieces of nothing, each time with something else to be done.
class PausingHandler final : public http::RequestHandler {
 public:
  explicit PausingHandler(runtime::Shard& shard) : shard_(shard) {}
  void handle(const std::shared_ptr<http::Exchange>& exchange) override {
    exchange->stream({}, [this](std::string&) {
      turns += 'b';
      boost::asio::post(shard_.executor, [this] { turns += 'o'; });
      return turns.size() < 6;
    });
  }
  std::string turns;

 private:
  runtime::Shard& shard_;
};

TEST(Http, ABodyThatPausesLetsOthersHaveTheirTurn) {
  sim::World world(1);
  sim::Process& process = world.add_process(kProxyAddress);
  runtime::Shard& shard = process.shard(0);
  PausingHandler handler(shard);
  http::Server server(process, 0, handler);
  server.serve(std::move(*shard.network.listen(kHttp)));
  sim::peer::HttpClient client(world.add_process(sim::ip("10.1.0.1")).shard(0), kHttp);
  client.get("/");
  EXPECT_TRUE(world.run_until([&] { return client.response().has_value(); }));
  EXPECT_EQ(handler.turns, "bobobobo");
}

// ---- Requests

// RFC 9112, 3.2.2: a server must accept the absolute form.
TEST(Http, TakesATargetInAbsoluteForm) {
  ServerWorld it;
  EXPECT_EQ(it.get("http://proxy:8080/-/healthy").status, 200);
}

// RFC 9112, 3.2: HTTP/1.1 without Host is 400.
TEST(Http, RefusesHttp11WithoutHost) {
  ServerWorld it;
  sim::peer::RawPeer peer(it.new_host(), kHttp);
  peer.send("GET /-/healthy HTTP/1.1\r\n\r\n");
  it.world.run_for(1s);
  EXPECT_THAT(peer.received(), HasSubstr(" 400 "));
}

TEST(Http, SaysContinueToWhoWaitsForIt) {
  ServerWorld it;
  sim::peer::RawPeer peer(it.new_host(), kHttp);
  peer.send(
      "POST /metrics/connected HTTP/1.1\r\nHost: p\r\nContent-Length: 4\r\n"
      "Expect: 100-continue\r\n\r\n");
  it.world.run_for(15s);
  EXPECT_FALSE(peer.received().empty()) << "neither 100 nor a final status";
}

TEST(Http, IdleConnectionsDoNotKeepAScraperOut) {
  ServerWorld it;
  it.add_application(gauge("a", 1));
  runtime::Shard& host = it.new_host();
  std::vector<std::unique_ptr<sim::peer::RawPeer>> idle;
  for (int i = 0; i < 520; ++i) {
    idle.push_back(std::make_unique<sim::peer::RawPeer>(host, kHttp));
    it.world.run_for(5ms);
  }
  const auto scraper = it.new_scraper();
  scraper->get("/metrics/connected");
  EXPECT_TRUE(it.world.run_until([&] { return scraper->response().has_value(); }, 15s));
}

// Four that read a few KiB now and then: nobody else is answered 200 while they hold the tickets.
TEST(Http, ScrapersThatHardlyReadDoNotKeepOthersOut) {
  ServerWorld it;
  it.add_application(more_than_is_buffered());
  std::vector<std::unique_ptr<sim::peer::RawPeer>> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(std::make_unique<sim::peer::RawPeer>(it.new_host(), kHttp));
    slow.back()->pause_reading();
    slow.back()->send("GET /metrics/connected HTTP/1.1\r\nHost: p\r\n\r\n");
  }
  it.world.run_for(1s);
  int refused = 0;
  for (int i = 0; i < 12; ++i) {
    if (it.get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n").status != 200) {
      ++refused;
    }
    for (auto& peer : slow) {
      const std::size_t before = peer->received().size();
      peer->resume_reading();
      (void)it.world.run_until([&] { return peer->received().size() > before + 60'000; }, 1s);
      peer->pause_reading();
    }
    it.world.run_for(5s);
  }
  EXPECT_LE(refused, 1) << "of 12 scrapes in three minutes";
}

// ---- Whether an answer arrived (design.md, promise 5)

constexpr std::string_view kScrape = "/metrics/connected?scraper=a";
const std::string kScrapeRequest = "GET " + std::string(kScrape) + " HTTP/1.1\r\nHost: p\r\n\r\n";
const std::string kHealthRequest = "GET /-/healthy HTTP/1.1\r\nHost: p\r\n\r\n";

// A push is held, and somebody connects who may ask for it.
struct Confirmation : testing::Test {
  Confirmation() { it.push(gauge("a", 1)); }

  void send(std::string_view bytes) {
    peer.send(bytes);
    it.world.run_for(1s);
  }
  void close() {  // RST if something was not read
    peer.close();
    it.world.run_for(1s);
  }

  ServerWorld it;
  sim::peer::RawPeer peer{it.new_host(), kHttp};
  const sim::Address peer_host = it.last_host();
};

// What came before the body was written proves nothing of it.
TEST_F(Confirmation, APipelinedRequestDoesNotTellThatTheAnswerBeforeArrived) {
  peer.pause_reading();
  send(kScrapeRequest + kHealthRequest);
  close();
  EXPECT_EQ(it.get(kScrape).body, gauge("a", 1));
}

// Go's http.Transport, as Prometheus sets it, closes a connection idle for 5 min: as we do, and we
// are first by half a round trip.
TEST_F(Confirmation, AScraperThatComesEveryTenMinutesGetsAPushOnce) {
  int shown = 0;
  for (int i = 0; i < 3; ++i) {
    auto scraper = it.new_scraper();
    scraper->get(kScrape);
    if (it.wait_for(*scraper).body == gauge("a", 1)) ++shown;
    it.world.run_for(5min);
    scraper->peer().close();
    it.world.run_for(5min);
  }
  EXPECT_EQ(shown, 1);
}

// `nc -N`: its FIN comes with the request.
TEST_F(Confirmation, AFinBeforeTheAnswerDoesNotTellThatItArrived) {
  peer.pause_reading();
  peer.send(kScrapeRequest);
  peer.send_fin();
  it.world.run_for(1s);
  close();
  EXPECT_EQ(it.get(kScrape).body, gauge("a", 1));
}

TEST_F(Confirmation, AFinInTheMiddleOfTheAnswerDoesNotTellThatItArrived) {
  it.add_application(more_than_is_buffered());
  peer.pause_reading();
  send(kScrapeRequest);
  peer.send_fin();
  it.world.run_for(1s);
  close();
  EXPECT_THAT(it.get(kScrape).body, HasSubstr("\na 1\n"));
}

TEST_F(Confirmation, AFinAfterTheAnswerTellsThatItArrived) {
  send(kScrapeRequest);
  peer.send_fin();
  it.world.run_for(1s);
  EXPECT_EQ(it.get(kScrape).body, "");
}

// As a scraper does whose time is over: with nothing unread it closes with a FIN.
TEST_F(Confirmation, TheFinOfAScraperThatGivesUpWithTheAnswerUnderWayDoesNotTellThatItArrived) {
  it.world.cut_one_way(kProxyAddress, peer_host);
  send(kScrapeRequest);
  close();
  it.world.heal_one_way(kProxyAddress, peer_host);
  it.world.run_for(1min);
  EXPECT_EQ(it.get(kScrape).body, gauge("a", 1));
}

TEST_F(Confirmation, ARequestSentWithTheAnswerBeforeStillUnderWayDoesNotTellThatItArrived) {
  it.world.cut_one_way(kProxyAddress, peer_host);
  send(kScrapeRequest);
  send(kHealthRequest);
  it.world.run_for(10min);  // far beyond the connection's end
  close();
  EXPECT_EQ(it.get(kScrape).body, gauge("a", 1));
}

TEST_F(Confirmation, TheRequestAfterAPipelinedOneTellsThatBothAnswersArrived) {
  send(kScrapeRequest + kHealthRequest);
  send(kHealthRequest);
  close();
  EXPECT_EQ(it.get(kScrape).body, "");
}

}  // namespace
}  // namespace prometheus_rsocket::server
