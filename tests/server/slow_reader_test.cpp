// Scrapers that do not read what they have asked for, and those who want a page meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/limits.h"
#include "server_world.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view kPatient = "X-Prometheus-Scrape-Timeout-Seconds: 120\r\n";
constexpr std::string_view kPrometheus = "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n";
constexpr std::string_view kBrokenOff = "prometheus_proxy_pages_broken_off_total";

std::string large(std::string_view name, std::size_t bytes = 1'000'000) {
  return std::string(name) + "{a=\"" + std::string(bytes, 'x') + "\"} 1\n";
}

struct SlowReaders : testing::Test {
  explicit SlowReaders(Config config = {}) : it(std::move(config)) {
    it.add_application(large("a"), transport::TransportKind::kTcp, named("one"));
    it.world.run_for(1s);
  }

  // Asks, and reads nothing.
  void stall(runtime::Shard& host, std::string_view path = "/metrics/connected") {
    stalled.push_back(std::make_unique<test::HttpClient>(host, kHttp));
    stalled.back()->peer().pause_reading();
    stalled.back()->get(path, kPatient);
  }
  [[nodiscard]] std::size_t count_broken_off() { return std::stoul(it.metric(kBrokenOff)); }

  ServerWorld it;
  std::vector<std::unique_ptr<test::HttpClient>> stalled;
};

TEST_F(SlowReaders, FourWhoStopReadingDoNotKeepAFifthFromItsPage) {
  for (int i = 0; i < 4; ++i) {
    stall(it.new_host());
    it.world.run_for(1s);
  }
  const base::Instant asked = it.world.now();
  const auto page = it.get("/metrics/connected", kPrometheus);
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr(large("a")));
  EXPECT_LT(it.world.now() - asked, kTicketPatience + 1s);
  EXPECT_EQ(count_broken_off(), 1U) << "no more than there has to be room for";
}

// As many as there were connections held a page of all pushes each.
TEST_F(SlowReaders, OfThePushesPageWaitForTheirTurnAndGiveWayToo) {
  it.push(large("pushed"));
  for (int i = 0; i < 4; ++i) {
    stall(it.new_host(), "/metrics/pushes");
    it.world.run_for(1s);
  }
  EXPECT_EQ(it.get("/metrics/pushes", kPrometheus).status, 200);
  EXPECT_EQ(count_broken_off(), 1U);
}

TEST_F(SlowReaders, WhoHasKeptUsWaitingTheLongestGivesWayAndHasNoWholePage) {
  for (int i = 0; i < 4; ++i) {
    stall(it.new_host());
    it.world.run_for(1s);
  }
  EXPECT_EQ(it.get("/metrics/connected", kPrometheus).status, 200);
  for (const auto& client : stalled) client->peer().resume_reading();
  it.world.run_for(5s);
  EXPECT_FALSE(stalled[0]->response());
  EXPECT_TRUE(stalled[0]->peer().ended().failed());
  for (int i = 1; i < 4; ++i) {
    ASSERT_TRUE(stalled[i]->response()) << i;
    EXPECT_THAT(stalled[i]->response()->body, HasSubstr(large("a")));
  }
}

// Reads all the time, a little each time, and has let us wait for longer than those who read
// nothing.
TEST_F(SlowReaders, WhoReadsSteadilyDoesNotGiveWayWhileOthersStandStill) {
  it.applications.back()->set_text(large("a", 10'000'000));
  stall(it.new_host());
  test::HttpClient& steady = *stalled.front();
  const auto read_a_little = [&](int times) {
    for (int i = 0; i < times; ++i) {
      steady.peer().resume_reading();
      it.world.run_for(1ms);
      steady.peer().pause_reading();
      it.world.run_for(400ms);
    }
  };
  read_a_little(10);
  ASSERT_FALSE(steady.response()) << "it should still be at it";
  for (int i = 0; i < 3; ++i) stall(it.new_host());
  read_a_little(5);
  auto another = it.new_scraper();
  another->get("/metrics/connected", kPrometheus);
  read_a_little(5);
  EXPECT_EQ(it.wait_for(*another).status, 200);
  EXPECT_EQ(count_broken_off(), 1U);
  steady.peer().resume_reading();
  EXPECT_EQ(it.wait_for(steady).status, 200);
}

TEST_F(SlowReaders, NobodyGivesWayAsLongAsNobodyWaits) {
  for (int i = 0; i < 4; ++i) stall(it.new_host());
  it.world.run_for(20s);
  for (const auto& client : stalled) client->peer().resume_reading();
  for (const auto& client : stalled) EXPECT_EQ(it.wait_for(*client).status, 200);
  EXPECT_EQ(count_broken_off(), 0U);
}

TEST_F(SlowReaders, AHundredFromOneAddressWaitLongerThanOneFromAnother) {
  runtime::Shard& host = it.new_host();
  for (int i = 0; i < 100; ++i) stall(host);
  it.world.run_for(5s);
  for (int i = 0; i < 3; ++i) {
    const base::Instant asked = it.world.now();
    EXPECT_EQ(it.get("/metrics/connected", kPrometheus).status, 200);
    EXPECT_LT(it.world.now() - asked, kTicketPatience + 1s);
    it.world.run_for(5s);
  }
}

// More addresses than there are places, each with many that wait already: turns go round.
TEST_F(SlowReaders, ManyFromSomeAddressesDoNotKeepAnotherFromItsTurn) {
  for (int i = 0; i < 6; ++i) {
    runtime::Shard& host = it.new_host();
    for (int k = 0; k < 30; ++k) stall(host);
  }
  it.world.run_for(5s);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(it.get("/metrics/connected", kPrometheus).status, 200);
    it.world.run_for(300ms);
  }
}

// Four at their own addresses are slow, and one who has a page already wants more of them.
TEST_F(SlowReaders, WhoHasAsMuchAsTheOthersTakesNothingFromThem) {
  runtime::Shard& host = it.new_host();
  for (int i = 0; i < 3; ++i) stall(it.new_host());
  it.world.run_for(10s);
  stall(host);
  it.world.run_for(5s);  // and its own page is kept waiting for less long
  stall(host);
  it.world.run_for(5s);
  EXPECT_EQ(count_broken_off(), 1U);
  for (const auto& client : stalled) client->peer().resume_reading();
  it.world.run_for(5s);
  EXPECT_FALSE(stalled[3]->response()) << "its own has given way";
  for (const int i : {0, 1, 2, 4}) EXPECT_TRUE(stalled[i]->response()) << i;
}

struct SlowReadersOfClients : SlowReaders {
  static Config small() {
    Config config;
    config.page_bytes_max = 5'000'000;  // four pages of that client
    return config;
  }
  SlowReadersOfClients() : SlowReaders(small()) {}
};

TEST_F(SlowReadersOfClients, DoNotKeepOthersFromAClientsPage) {
  const std::string path = path_of("one");
  for (int i = 0; i < 4; ++i) {
    stall(it.new_host(), path);
    it.world.run_for(1s);
  }
  it.world.run_for(kReaderPatience);
  EXPECT_EQ(it.get(path, kPrometheus).status, 200);
  EXPECT_EQ(count_broken_off(), 1U);
}

// A page that will not be written anyway costs nobody his own.
TEST_F(SlowReadersOfClients, NobodyGivesWayWhereThatIsNotEnough) {
  it.applications.back()->set_text(large("a", 300'000));
  const std::string path = path_of("one");
  it.add_application(large("b", 4'850'000), transport::TransportKind::kTcp, named("two"));
  stall(it.new_host(), path);
  it.world.run_for(kReaderPatience + 1s);
  stall(it.new_host(), path);
  it.world.run_for(kReaderPatience / 2);
  EXPECT_EQ(it.get(path_of("two"), kPrometheus).status, 503);
  EXPECT_EQ(count_broken_off(), 0U);
}

// Who comes back is not behind all those who come for the first time.
TEST_F(SlowReaders, NewcomersDoNotKeepAnotherFromItsTurn) {
  runtime::Shard& host = it.new_host();
  for (int second = 0; second < 30; ++second) {
    for (int i = 0; i < 5; ++i) {
      stalled.push_back(it.new_scraper());
      stalled.back()->peer().pause_reading();
      stalled.back()->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 5\r\n");
    }
    it.world.run_for(1s);
    if (second % 10 != 5) continue;
    test::HttpClient client(host, kHttp);
    client.get("/metrics/connected", kPrometheus);
    for (int i = 0; i < 50; ++i) {
      stalled.push_back(it.new_scraper());
      stalled.back()->peer().pause_reading();
      stalled.back()->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 5\r\n");
      it.world.run_for(200ms);
    }
    EXPECT_EQ(it.wait_for(client).status, 200) << second;
  }
}

TEST_F(SlowReaders, AsManyAsThereAreConnectionsFromOneAddressShutNobodyOut) {
  runtime::Shard& host = it.new_host();
  for (int i = 0; i < 512; ++i) stall(host);
  it.world.run_for(1s);
  EXPECT_EQ(it.get("/-/healthy").status, 200);
  EXPECT_EQ(it.get("/metrics/connected", kPrometheus).status, 200);
}

// The window takes one page and not the head of the next: nothing of that is a body yet.
TEST(PipeliningScrapers, WhoReadNoHeadGiveWayToo) {
  const auto page_bytes = [] {
    ServerWorld it;
    it.add_application(large("a"));
    return it.get("/metrics/connected", kPatient).bytes;
  };
  sim::Config network;
  network.window_bytes = page_bytes() + 20;
  ServerWorld it({}, network);
  it.add_application(large("a"));
  std::vector<std::unique_ptr<test::HttpClient>> stalled;
  for (int i = 0; i < 4; ++i) {
    stalled.push_back(it.new_scraper());
    stalled.back()->peer().pause_reading();
    for (int k = 0; k < 2; ++k) stalled.back()->get("/metrics/connected", kPatient);
  }
  it.world.run_for(5s);
  EXPECT_EQ(it.get("/metrics/connected", kPrometheus).status, 200);
}

}  // namespace
}  // namespace prometheus_rsocket::server
