// More HTTP connections than there are places for, and who of them goes, in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/limits.h"
#include "server/limits.h"
#include "server_world.h"
#include "sim/peer/rsocket_bytes.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::size_t kPlaces = http::kConnectionsMax;
constexpr std::string_view kPatient = "X-Prometheus-Scrape-Timeout-Seconds: 120\r\n";
constexpr std::string_view kPrometheus = "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n";

struct Crowd : testing::Test {
  explicit Crowd(sim::Config network = {}) : it({}, std::move(network)) {}

  sim::peer::RawPeer& connect(runtime::Shard& host) {
    peers.push_back(std::make_unique<sim::peer::RawPeer>(host, kHttp));
    return *peers.back();
  }
  [[nodiscard]] std::size_t count_left() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(peers, [](const auto& peer) { return !peer->ended().failed(); }));
  }
  // An application that never answers, and the path of its page.
  std::string path_of_silent_client() {
    it.add_application("", transport::TransportKind::kTcp, named("silent")).hang();
    return path_of("silent");
  }
  void expect_that_another_is_served() {
    const auto another = it.new_scraper();
    another->get("/-/healthy");
    ASSERT_TRUE(it.world.run_until([&] { return another->response().has_value(); }, 2s));
    EXPECT_EQ(another->response()->status, 200);
  }

  ServerWorld it;
  std::vector<std::unique_ptr<sim::peer::RawPeer>> peers;
};

// A window that a few answers fill.
struct CrowdThatPipelines : Crowd {
  static sim::Config narrow() {
    sim::Config network;
    network.window_bytes = 2048;
    return network;
  }
  CrowdThatPipelines() : Crowd(narrow()) {}
};

// Nobody else was heard for 30 s and more, whatever password they had: a connection that does not
// read what it is answered was not one that lets us wait.
TEST_F(CrowdThatPipelines, AndReadsNothingShutsNobodyOut) {
  std::string requests;
  for (int i = 0; i < 40; ++i) requests += "GET /-/healthy HTTP/1.1\r\nHost: p\r\n\r\n";
  runtime::Shard& host = it.new_host();
  for (std::size_t i = 0; i < kPlaces + 8; ++i) {
    sim::peer::RawPeer& peer = connect(host);
    peer.pause_reading();
    peer.send(requests);
    it.world.run_for(1ms);
  }
  it.world.run_for(1s);
  for (int i = 0; i < 3; ++i) expect_that_another_is_served();
}

// Its own connection has let us wait for longer than each of theirs.
TEST_F(Crowd, OfOneAddressSendsNobodyElseAway) {
  const auto scraper = it.new_scraper();
  scraper->get("/-/healthy");
  EXPECT_EQ(it.wait_for(*scraper).status, 200);
  it.world.run_for(5s);
  runtime::Shard& host = it.new_host();
  for (std::size_t i = 0; i < 2 * kPlaces; ++i) {
    connect(host);
    it.world.run_for(1ms);
  }
  it.world.run_for(1s);
  EXPECT_LE(count_left(), kPlaces);
  EXPECT_FALSE(scraper->peer().ended().failed());
  scraper->get("/-/healthy");
  EXPECT_EQ(it.wait_for(*scraper).status, 200);
}

TEST_F(Crowd, OfManyAddressesLosesWhoHasLetUsWaitTheLongest) {
  for (std::size_t i = 0; i < kPlaces; ++i) {
    connect(it.new_host());
    it.world.run_for(10ms);
  }
  EXPECT_EQ(count_left(), kPlaces - 1) << "a place is kept for who comes";
  EXPECT_TRUE(peers.front()->ended().failed());
}

// Two from one address, when each of the others has an address of its own.
TEST_F(Crowd, ThatStandsStillSendsNobodyAwayWhoReadsSteadily) {
  it.add_application("a{a=\"" + std::string(10'000'000, 'x') + "\"} 1\n");
  runtime::Shard& host = it.new_host();
  std::vector<std::unique_ptr<sim::peer::HttpClient>> readers;
  for (int i = 0; i < 2; ++i) {
    readers.push_back(std::make_unique<sim::peer::HttpClient>(host, kHttp));
    readers.back()->peer().pause_reading();
    readers.back()->get("/metrics/connected", kPatient);
  }
  const auto read_a_little = [&] {
    for (const auto& reader : readers) reader->peer().resume_reading();
    it.world.run_for(1ms);
    for (const auto& reader : readers) reader->peer().pause_reading();
  };
  for (std::size_t i = 0; i < kPlaces; ++i) {
    connect(it.new_host());
    it.world.run_for(10ms);
    if (i % 40 == 0) read_a_little();
  }
  EXPECT_LT(count_left(), kPlaces);
  for (const auto& reader : readers) {
    ASSERT_FALSE(reader->response()) << "it should still be at it";
    EXPECT_FALSE(reader->peer().ended().failed());
    reader->peer().resume_reading();
  }
  for (const auto& reader : readers) EXPECT_EQ(it.wait_for(*reader).status, 200);
}

// One client that never answers and patient requests for its page had all places for two minutes.
TEST_F(Crowd, ThatWaitsForASilentClientsPageShutsNobodyOut) {
  const std::string path = path_of_silent_client();
  std::vector<std::unique_ptr<sim::peer::HttpClient>> waiting;
  runtime::Shard& host = it.new_host();
  for (std::size_t i = 0; i < kPlaces; ++i) {
    waiting.push_back(std::make_unique<sim::peer::HttpClient>(host, kHttp));
    waiting.back()->get(path, kPatient);
    it.world.run_for(1ms);
  }
  it.world.run_for(1s);
  expect_that_another_is_served();
  EXPECT_EQ(it.get("/metrics/connected", kPrometheus).status, 200);
}

// Of too many that wait for a client's page, the oldest of whoever has the most is refused.
TEST_F(Crowd, ThatWaitsForASilentClientsPageKeepsNobodyElseFromWaiting) {
  const std::string path = path_of_silent_client();
  const auto other = it.new_scraper();
  other->get(path, kPatient);
  it.world.run_for(1ms);
  std::vector<std::unique_ptr<sim::peer::HttpClient>> waiting;
  runtime::Shard& host = it.new_host();
  for (std::size_t i = 0; i < kClientPagesWaitingMax; ++i) {
    waiting.push_back(std::make_unique<sim::peer::HttpClient>(host, kHttp));
    waiting.back()->get(path, kPatient);
    it.world.run_for(1ms);
  }
  it.world.run_for(1s);
  ASSERT_TRUE(waiting.front()->response());
  EXPECT_EQ(waiting.front()->response()->status, 503);
  EXPECT_THAT(waiting.front()->response()->body, HasSubstr("too many"));
  const auto another = it.new_scraper();
  another->get(path, kPatient);
  it.world.run_for(1s);
  EXPECT_FALSE(other->response()) << "it may wait";
  EXPECT_FALSE(another->response()) << "it may wait";
  const auto answered = [](const auto& client) { return client->response().has_value(); };
  EXPECT_EQ(std::ranges::count_if(waiting, answered), 2);
  it.applications.back()->recover();
  EXPECT_EQ(it.wait_for(*other).status, 200);
  EXPECT_EQ(it.wait_for(*another).status, 200);
  for (const auto& client : waiting) it.wait_for(*client);
  const auto refused = [](const auto& client) { return client->response()->status == 503; };
  EXPECT_EQ(std::ranges::count_if(waiting, refused), 2);
}

// A Prometheus that asks for the same clients again and again, of a proxy that stood still: those
// that answer were refused since so many others waited.
TEST_F(Crowd, ThatAsksForASilentClientAgainAndAgainKeepsNoneOfThoseOutThatAnswer) {
  const std::string silent = path_of_silent_client();
  it.add_application("", transport::TransportKind::kTcp, named("talkative"));
  runtime::Shard& prometheus = it.new_host();
  std::vector<std::unique_ptr<sim::peer::HttpClient>> scrapes;
  for (std::size_t i = 0; i < 2 * kClientPagesWaitingMax; ++i) {
    scrapes.push_back(std::make_unique<sim::peer::HttpClient>(prometheus, kHttp));
    scrapes.back()->get(silent, kPrometheus);
    it.world.run_for(1ms);
  }
  sim::peer::HttpClient talkative(prometheus, kHttp);
  talkative.get(path_of("talkative"), kPrometheus);
  EXPECT_EQ(it.wait_for(talkative).status, 200);
}

// Half of a fleet hangs, and a Prometheus asks for each client by itself.
TEST_F(Crowd, ThatWaitsForClientsThatWereLateKeepsNoneOfThoseOutThatAnswer) {
  const std::size_t clients = 2 * kClientPagesWaitingMax;
  for (std::size_t i = 0; i < clients; ++i) {
    const std::string name = "silent" + std::to_string(i);
    it.add_application("", transport::TransportKind::kTcp, named(name)).hang();
  }
  it.add_application("", transport::TransportKind::kTcp, named("talkative"));
  it.world.run_for(1s);
  static_cast<void>(it.get("/metrics/connected", kPrometheus));  // so that it is known
  runtime::Shard& prometheus = it.new_host();
  std::vector<std::unique_ptr<sim::peer::HttpClient>> scrapes;
  for (std::size_t i = 0; i < clients; ++i) {
    scrapes.push_back(std::make_unique<sim::peer::HttpClient>(prometheus, kHttp));
    scrapes.back()->get(path_of("silent" + std::to_string(i)), kPrometheus);
    it.world.run_for(1ms);
  }
  sim::peer::HttpClient talkative(prometheus, kHttp);
  talkative.get(path_of("talkative"), kPrometheus);
  EXPECT_EQ(it.wait_for(talkative).status, 200);
}

// Each of those that were refused was on the client's books until its two minutes were over.
TEST_F(Crowd, ThatIsRefusedASilentClientsPageLeavesTheClientNothingToAnswer) {
  sim::peer::RawPeer silent(it.new_host(), kTcp);
  silent.send(
      sim::peer::framed(rsocket::Frame{rsocket::kConnectionStream, sim::peer::setup_frame()}));
  it.world.run_for(1s);
  const std::string targets = it.get("/sd").body;
  const std::size_t begin = targets.find("/metrics/clients/");
  const std::string path = targets.substr(begin, targets.find('"', begin) - begin);
  std::vector<std::unique_ptr<sim::peer::HttpClient>> waiting;
  runtime::Shard& host = it.new_host();
  for (std::size_t i = 0; i < kClientPagesWaitingMax + 1; ++i) {
    waiting.push_back(std::make_unique<sim::peer::HttpClient>(host, kHttp));
    waiting.back()->get(path, kPatient);
    it.world.run_for(kPullSharing + 1ms);  // each asks anew
  }
  EXPECT_TRUE(waiting.front()->response());
  const auto is_cancel = [](const rsocket::Frame& frame) {
    return std::holds_alternative<rsocket::CancelFrame>(frame.body);
  };
  EXPECT_EQ(std::ranges::count_if(sim::peer::frames(silent.received()), is_cancel), 1);
}

// Slow clients by the hundred, which a Prometheus asks one by one: where the oldest is refused all
// are, each just before its answer.
TEST_F(Crowd, ThatWaitsForSlowClientsIsAnsweredAsFarAsThereArePlaces) {
  const std::size_t slow_by = kClientPagesWaitingMax + 20;  // so many are asked meanwhile
  std::vector<std::unique_ptr<sim::peer::HttpClient>> scrapes;
  runtime::Shard& prometheus = it.new_host();
  const std::size_t clients = 2 * slow_by;
  for (std::size_t i = 0; i < clients; ++i) {
    it.add_application("a 1\n", transport::TransportKind::kTcp, named(std::to_string(i))).hang();
  }
  for (std::size_t i = 0; i < clients; ++i) {
    scrapes.push_back(std::make_unique<sim::peer::HttpClient>(prometheus, kHttp));
    scrapes.back()->get(path_of(std::to_string(i)), kPrometheus);
    it.world.run_for(10ms);
    if (i >= slow_by) it.applications[i - slow_by]->recover();
  }
  for (const auto& client : it.applications) client->recover();
  it.world.run_for(1s);
  const auto good = [](const auto& client) {
    return client->response() && client->response()->status == 200;
  };
  EXPECT_GT(std::ranges::count_if(scrapes, good), clients / 2);
}

// A client that was late once is let answer: where the oldest of those went, none ever did again.
TEST_F(Crowd, ThatWaitsForSlowClientsThatWereLateIsAnsweredToo) {
  const std::size_t slow_by = kClientPagesWaitingMax + 20;
  const std::size_t clients = 2 * slow_by;
  for (std::size_t i = 0; i < clients; ++i) {
    it.add_application("a 1\n", transport::TransportKind::kTcp, named(std::to_string(i))).hang();
  }
  static_cast<void>(it.get("/metrics/connected", kPrometheus));
  for (const auto& client : it.applications) {
    client->recover();
    client->hang();
  }
  it.world.run_for(1s);
  std::vector<std::unique_ptr<sim::peer::HttpClient>> scrapes;
  runtime::Shard& prometheus = it.new_host();
  for (std::size_t i = 0; i < clients; ++i) {
    scrapes.push_back(std::make_unique<sim::peer::HttpClient>(prometheus, kHttp));
    scrapes.back()->get(path_of(std::to_string(i)), kPrometheus);
    it.world.run_for(10ms);
    if (i >= slow_by) it.applications[i - slow_by]->recover();
  }
  const auto good = [](const auto& client) {
    return client->response() && client->response()->status == 200;
  };
  EXPECT_GT(std::ranges::count_if(scrapes, good), clients / 4);
}

// Each of them was somebody else, and whoever waited for two clients had the most.
TEST_F(Crowd, OfOneIpv6NetworkIsOne) {
  const std::string path = path_of_silent_client();
  it.add_application("", transport::TransportKind::kTcp, named("other")).hang();
  runtime::Shard& prometheus = it.new_host();
  sim::peer::HttpClient first(prometheus, kHttp);
  sim::peer::HttpClient second(prometheus, kHttp);
  first.get(path, kPatient);
  second.get(path_of("other"), kPatient);
  it.world.run_for(1ms);
  std::vector<std::unique_ptr<sim::peer::HttpClient>> waiting;
  for (std::size_t i = 0; i < kClientPagesWaitingMax + 4; ++i) {
    runtime::Shard& host =
        it.world.add_process(sim::ip("2001:db8::" + std::to_string(i + 1))).shard(0);
    waiting.push_back(std::make_unique<sim::peer::HttpClient>(host, kHttp));
    waiting.back()->get(path, kPatient);
    it.world.run_for(1ms);
  }
  it.world.run_for(1s);
  EXPECT_FALSE(first.response());
  EXPECT_FALSE(second.response());
  const auto answered = [](const auto& client) { return client->response().has_value(); };
  EXPECT_EQ(std::ranges::count_if(waiting, answered), 6);
}

}  // namespace
}  // namespace prometheus_rsocket::server
