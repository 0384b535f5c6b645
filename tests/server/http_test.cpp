// What a scraper's connection may do, and what is concluded from it, in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include "http/limits.h"
#include "http/server.h"
#include "server_world.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string kHealthRequest = "GET /-/healthy HTTP/1.1\r\nHost: p\r\n\r\n";

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

// Its body has a hundred pieces of nothing: while it is made nothing is written.
struct LongBody : testing::Test, http::RequestHandler {
  LongBody() {
    server.serve(std::move(*process.shard(0).network.listen(kHttp)));
    peer.send(kHealthRequest);
  }
  void handle(const std::shared_ptr<http::Exchange>& exchange) override {
    exchange->on_outcome([this](http::Outcome what) { outcome = what; });
    exchange->stream({}, [this, exchange = exchange.get()](std::string&) {
      if (++pieces == 3) in_third_piece(*exchange);
      return pieces < 100;
    });
  }

  sim::World world{1};
  sim::Process& process = world.add_process(kProxyAddress);
  http::Server server{process, 0, *this};
  sim::peer::RawPeer peer{world.add_process(sim::ip("10.1.0.1")).shard(0), kHttp};
  std::function<void(http::Exchange&)> in_third_piece = [](http::Exchange&) {};
  int pieces = 0;
  std::optional<http::Outcome> outcome;
};

TEST_F(LongBody, IsMadeNoFurtherOnceItIsBrokenOff) {
  in_third_piece = [](http::Exchange& exchange) { exchange.break_off(); };
  world.run_for(1s);
  EXPECT_EQ(pieces, 3);
  EXPECT_EQ(outcome, http::Outcome::kIncomplete);
  EXPECT_TRUE(peer.ended().failed());
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

// Each was looked for among those before: 16 KiB of them took a shard 22 ms, before anybody was
// asked for a password.
TEST(Http, RefusesMoreHeaderFieldsThanAnybodySends) {
  const auto answer_to = [](std::size_t fields) {
    ServerWorld it;
    std::string headers;  // beside Host
    for (std::size_t i = 1; i < fields; ++i) headers += "h" + std::to_string(i) + ": 1\r\n";
    return it.get("/-/healthy", headers).status;
  };
  EXPECT_EQ(answer_to(http::kRequestHeaderFieldsMax), 200);
  EXPECT_EQ(answer_to(http::kRequestHeaderFieldsMax + 1), 431);  // RFC 6585, 5
}

// RFC 9112, 6.3: where "chunked" is not the last coding nobody knows where the body ends. Its bytes
// were taken for the next request: whoever could write a body through a proxy could smuggle one in.
class BodyOfUnknownLength : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(By, BodyOfUnknownLength,
                         testing::Values("gzip", "identity", "chunked, gzip", "xchunked",
                                         "\"chunked\"", "chunked;q=1", "chunked\xA0",
                                         "chunked, chunked", "chunked,", ""));

TEST_P(BodyOfUnknownLength, IsRefusedAndNoRequestIsFoundInIt) {
  for (const std::string length : {"", "Content-Length: 52\r\n"}) {
    ServerWorld it;
    sim::peer::RawPeer peer(it.new_host(), kHttp);
    peer.send("POST /-/healthy HTTP/1.1\r\nHost: proxy\r\n" + length + "Transfer-Encoding: " +
              GetParam() + "\r\n\r\n0\r\n\r\nGET /-/healthy HTTP/1.1\r\nHost: proxy\r\n\r\n");
    ASSERT_TRUE(it.world.run_until([&] { return peer.ended().failed(); }, 1min));
    EXPECT_THAT(peer.received(), testing::StartsWith("HTTP/1.1 400 "));
    EXPECT_EQ(peer.received().find("HTTP/1.1", 1), std::string::npos) << peer.received();
  }
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

// Slow loris: until each of them had used up its ten seconds nobody else was accepted.
TEST(Http, RequestsThatComeByteByByteDoNotKeepAScraperOut) {
  ServerWorld it;
  it.add_application(gauge("a", 1));
  runtime::Shard& host = it.new_host();
  std::vector<std::unique_ptr<sim::peer::RawPeer>> slow;
  for (int i = 0; i < 1200; ++i) {
    slow.push_back(std::make_unique<sim::peer::RawPeer>(host, kHttp));
    slow.back()->send("GET /metrics/connected HT");
    it.world.run_for(1ms);
  }
  const auto scraper = it.new_scraper();
  scraper->get("/metrics/connected");
  EXPECT_TRUE(it.world.run_until([&] { return scraper->response().has_value(); }, 2s));
}

TEST(Http, RefusedRequestsThatAreLeftOpenDoNotKeepAScraperOut) {
  ServerWorld it;
  it.add_application(gauge("a", 1));
  runtime::Shard& host = it.new_host();
  std::vector<std::unique_ptr<sim::peer::RawPeer>> refused;
  for (int i = 0; i < 1200; ++i) {
    refused.push_back(std::make_unique<sim::peer::RawPeer>(host, kHttp));
    refused.back()->send("nonsense\r\n\r\n");
    it.world.run_for(1ms);
  }
  const auto scraper = it.new_scraper();
  scraper->get("/metrics/connected");
  EXPECT_TRUE(it.world.run_until([&] { return scraper->response().has_value(); }, 2s));
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

// ---- The end of the server

// Wants to know what became of its answer, or does not.
class AskingHandler final : public http::RequestHandler {
 public:
  explicit AskingHandler(bool asks) : asks_(asks) {}
  void handle(const std::shared_ptr<http::Exchange>& exchange) override {
    if (asks_) exchange->on_outcome([this](http::Outcome what) { outcome = what; });
    exchange->respond({}, "a\n");
  }
  std::optional<http::Outcome> outcome;

 private:
  const bool asks_;
};

// A server that is stopped with a scraper there, idle, which has had an answer.
struct StoppedServer {
  explicit StoppedServer(bool handler_asks) : handler(handler_asks) {
    server.serve(std::move(*process.shard(0).network.listen(kHttp)));
    peer.send(kHealthRequest);
    world.run_for(1s);
    server.stop([this] { has_stopped = true; });
    world.run_for(100ms);
  }

  sim::World world{1};
  sim::Process& process = world.add_process(kProxyAddress);
  AskingHandler handler;
  http::Server server{process, 0, handler};
  sim::peer::RawPeer peer{world.add_process(sim::ip("10.1.0.1")).shard(0), kHttp};
  bool has_stopped = false;
};

TEST(HttpStop, AnIdleScrapersFinTellsThatItsLastAnswerArrived) {
  StoppedServer it(true);
  EXPECT_FALSE(it.handler.outcome);
  it.peer.close();
  it.world.run_for(100ms);
  EXPECT_EQ(it.handler.outcome, http::Outcome::kComplete);
  EXPECT_TRUE(it.has_stopped);
}

TEST(HttpStop, AnIdleScraperThatIsSilentIsNotWaitedForForEver) {
  StoppedServer it(true);
  it.world.run_for(http::kIdleLingerTime);
  EXPECT_EQ(it.handler.outcome, http::Outcome::kIncomplete);
  EXPECT_TRUE(it.has_stopped);
}

TEST(HttpStop, ARequestThatCrossesTheEndTellsThatTheAnswerBeforeArrivedAndIsNotAnswered) {
  StoppedServer it(true);
  const std::size_t before = it.peer.received().size();
  it.peer.send(kHealthRequest);
  it.world.run_for(100ms);
  EXPECT_EQ(it.handler.outcome, http::Outcome::kComplete);
  EXPECT_EQ(it.peer.received().size(), before);
  EXPECT_TRUE(it.has_stopped);
}

TEST(HttpStop, WhereNobodyAsksWhetherItArrivedAnIdleConnectionEndsAtOnce) {
  StoppedServer it(false);
  EXPECT_TRUE(it.has_stopped);
}

}  // namespace
}  // namespace prometheus_rsocket::server
