// Scrapes of a whole proxy in virtual time: who is on the page, and when it is there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/limits.h"
#include "server_world.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using transport::TransportKind;

TEST(Scrape, HasEveryClientOfBothTransports) {
  ServerWorld it;
  it.add_application(gauge("a", 1));
  it.add_application(gauge("b", 2), TransportKind::kWebSocket);
  it.add_application(gauge("c", 3));
  EXPECT_EQ(it.scrape(), gauge("a", 1) + gauge("b", 2) + gauge("c", 3));
  EXPECT_EQ(it.metric("prometheus_proxy_scrape_active_connections"), "3");
}

TEST(Scrape, ShowsWhatTheClientsHaveNow) {
  ServerWorld it;
  auto& application = it.add_application(gauge("a", 1));
  EXPECT_EQ(it.scrape(), gauge("a", 1));
  application.set_text(gauge("a", 2));
  it.world.run_for(1s);
  EXPECT_EQ(it.scrape(), gauge("a", 2));
}

TEST(Scrape, OfNobodyIsAnEmptyPage) {
  ServerWorld it;
  const auto response = it.get("/metrics/connected");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
}

TEST(Scrape, AClientIsForgottenWhenItsConnectionEnds) {
  ServerWorld it;
  it.add_application(gauge("a", 1));
  auto& leaving = it.add_application(gauge("b", 2));
  leaving.agent().close();
  it.world.run_for(1s);
  EXPECT_EQ(it.scrape(), gauge("a", 1));
}

TEST(Scrape, EndsBeforeTheScrapersTimeoutWithEveryoneWhoAnswered) {
  ServerWorld it;
  it.add_application(gauge("a", 1));
  it.add_application(gauge("b", 2)).hang();
  const auto start = it.world.now();
  const auto body = it.scrape("X-Prometheus-Scrape-Timeout-Seconds: 5\r\n");
  EXPECT_EQ(body, gauge("a", 1));
  EXPECT_GE(it.world.now() - start, 4500ms);
  EXPECT_LT(it.world.now() - start, 5s);
}

// The Java proxy drops such a client from its table and leaves it connected (wire-protocol 1.10).
TEST(Scrape, AClientThatWasLateIsBackOnTheNextPage) {
  ServerWorld it;
  auto& application = it.add_application(gauge("a", 1));
  application.hang();
  EXPECT_EQ(it.scrape(), "");
  application.recover();
  it.world.run_for(1s);
  EXPECT_EQ(it.scrape(), gauge("a", 1));
  EXPECT_EQ(application.connected_times(), 1U);
}

TEST(Scrape, AClientLateTwiceIsWaitedForOnlyUntilTheOthersAreIn) {
  ServerWorld it;
  it.add_application(gauge("a", 1));
  auto& late = it.add_application(gauge("b", 2));
  late.hang();
  for (int i = 0; i < 2; ++i) {
    const auto start = it.world.now();
    EXPECT_EQ(it.scrape(), gauge("a", 1));
    EXPECT_GE(it.world.now() - start, 10s);
  }
  const auto start = it.world.now();
  EXPECT_EQ(it.scrape(), gauge("a", 1));
  EXPECT_LT(it.world.now() - start, kTardyGrace + 100ms);
  late.recover();
  it.world.run_for(1s);
  EXPECT_EQ(it.scrape(), gauge("a", 1) + gauge("b", 2));
}

// A client half a second away, and whoever asks for it with a timeout of 10 ms.
struct Impatience : testing::Test {
  Impatience() {
    it.add_application(gauge("a", 1));
    it.world.set_link(sim::ip("10.1.0.2"), kProxyAddress, {400ms, 0ms});
    it.world.run_for(1s);
  }
  void scrape_impatiently() {
    EXPECT_EQ(it.scrape("X-Prometheus-Scrape-Timeout-Seconds: 0.01\r\n"), "");
  }
  ServerWorld it;
};

TEST_F(Impatience, OfAScraperDoesNotMakeClientsTardy) {
  for (unsigned i = 0; i < kTardyAfter; ++i) {
    scrape_impatiently();
    it.world.run_for(1s);
  }
  EXPECT_EQ(it.scrape(), gauge("a", 1));
}

TEST_F(Impatience, OfAScraperDoesNotTakeTheSlowFromThePatient) {
  scrape_impatiently();  // its pull is young enough to be shared
  EXPECT_EQ(it.scrape(), gauge("a", 1));
}

TEST(Scrape, ScrapesThatComeTogetherShareOnePull) {
  ServerWorld it;
  auto& application = it.add_application(gauge("a", 1));
  auto first = it.new_scraper();
  auto second = it.new_scraper();
  first->get("/metrics/connected?scraper=a");
  second->get("/metrics/connected?scraper=b");
  EXPECT_EQ(it.wait_for(*first).body, gauge("a", 1));
  EXPECT_EQ(it.wait_for(*second).body, gauge("a", 1));
  EXPECT_EQ(application.asked(), 1U);
  it.world.run_for(kPullSharing);
  it.scrape();
  EXPECT_EQ(application.asked(), 2U);
}

TEST(Scrape, OneClientsBadPayloadCostsThatClientAlone) {
  ServerWorld it;
  it.add_application(gauge("a", 1));
  auto& bad = it.add_application("");
  const std::pair<std::string, std::string> payloads[] = {
      {"b{c=\"d} 1\n", "malformed"}, {"b 1\xff\n", "utf8"}, {"b one\n", "malformed"}};
  for (const auto& [text, reason] : payloads) {
    bad.set_text(text);
    it.world.run_for(1s);
    EXPECT_EQ(it.scrape(), gauge("a", 1)) << text;
    EXPECT_THAT(it.metric("prometheus_proxy_quarantined_payloads_total{reason=\"" + reason + "\"}"),
                Not("0"));
  }
  bad.set_text(gauge("b", 2));
  it.world.run_for(1s);
  EXPECT_EQ(it.scrape(), gauge("a", 1) + gauge("b", 2));
  EXPECT_EQ(bad.connected_times(), 1U);
}

TEST(Scrape, ATextOverTheLimitIsKeptFromThePage) {
  Config config;
  config.uncompressed_bytes_max = 1000;
  ServerWorld it(config);
  it.add_application(gauge("a", 1));
  it.add_application("b{c=\"" + std::string(1000, 'x') + "\"} 1\n");
  EXPECT_EQ(it.scrape(), gauge("a", 1));
  EXPECT_EQ(it.metric("prometheus_proxy_quarantined_payloads_total{reason=\"too_large\"}"), "1");
}

TEST(Scrape, FurtherScrapesWaitWithinTheirDeadlineAndAreRefusedThen) {
  Config config;
  config.scrapes_max = 1;
  ServerWorld it(config);
  it.add_application(gauge("a", 1)).hang();
  auto running = it.new_scraper();
  running->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 20\r\n");
  it.world.run_for(100ms);
  auto waiting = it.new_scraper();
  const auto start = it.world.now();
  waiting->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 2\r\n");
  EXPECT_EQ(it.wait_for(*waiting).status, 503);
  EXPECT_LT(it.world.now() - start, 2s);
  EXPECT_EQ(it.wait_for(*running).status, 200);
  EXPECT_GE(it.world.now() - start, 19s) << "it was let have its time";
}

// Scrapes that wait on slow clients, when another one waits for a place.
struct PatientScrapes : testing::Test {
  explicit PatientScrapes(sim::Config network = {}) : it({}, std::move(network)) {}

  sim::peer::HttpClient& scrape(runtime::Shard& from, int timeout_seconds = 120,
                                std::string_view path = "/metrics/connected") {
    scrapes.push_back(std::make_unique<sim::peer::HttpClient>(from, kHttp));
    scrapes.back()->get(
        path, "X-Prometheus-Scrape-Timeout-Seconds: " + std::to_string(timeout_seconds) + "\r\n");
    return *scrapes.back();
  }
  std::string cut_short() { return it.metric("prometheus_proxy_scrapes_cut_short_total"); }
  [[nodiscard]] std::vector<std::size_t> answered() const {
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < scrapes.size(); ++i) {
      if (scrapes[i]->response()) numbers.push_back(i);
    }
    return numbers;
  }

  ServerWorld it;
  runtime::Shard& host = it.new_host();
  std::vector<std::unique_ptr<sim::peer::HttpClient>> scrapes;
};

// Four with two minutes each, and a client that never answers, kept everybody else out.
TEST_F(PatientScrapes, KeepNobodyOut) {
  it.add_application(gauge("a", 1));
  it.add_application(gauge("b", 1)).hang();
  for (int i = 0; i < 4; ++i) {
    scrape(host);
    it.world.run_for(1s);
  }
  auto another = it.new_scraper();
  const auto start = it.world.now();
  another->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n");
  it.world.run_for(4s);
  EXPECT_TRUE(answered().empty()) << "half of its time is waited";
  EXPECT_EQ(it.wait_for(*another).body, gauge("a", 1));
  EXPECT_LT(it.world.now() - start, 10s);
  EXPECT_THAT(answered(), testing::ElementsAre(0)) << "that has asked for the longest";
  EXPECT_EQ(scrapes[0]->response()->body, gauge("a", 1));
  EXPECT_EQ(cut_short(), "1");
}

// A slow client that was late for others is waited for less by all, and so left out.
TEST_F(PatientScrapes, ThatAreCutShortAreNoFaultOfTheClients) {
  it.add_application(gauge("a", 1));
  Application& slow = it.add_application(gauge("b", 1), transport::TransportKind::kTcp, named("b"));
  it.world.run_for(1s);
  it.scrape();
  it.world.run_for(1s);
  slow.hang();
  for (int i = 0; i < 4; ++i) {
    scrape(host);
    it.world.run_for(1s);
  }
  scrape(it.new_host(), 10);
  it.world.run_for(8s);
  EXPECT_EQ(cut_short(), "1");
  EXPECT_EQ(it.metric("prometheus_proxy_scrape_seconds_count"
                      "{outcome=\"timeout\",exception=\"Timeout\"}"),
            "0");
  EXPECT_EQ(it.metric("prometheus_proxy_client_up{job=\"job\",instance=\"b\"}"), "1");
  slow.recover();
  it.world.run_for(1s);
  slow.hang();
  auto scraper = it.new_scraper();
  scraper->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n");
  it.world.run_for(3s);
  slow.recover();
  EXPECT_EQ(it.wait_for(*scraper).body, gauge("a", 1) + gauge("b", 1));
}

TEST_F(PatientScrapes, OfWhoeverHasTheMostAreCutShortAndNotAnothersOlderOne) {
  it.add_application(gauge("a", 1));
  it.add_application(gauge("b", 1)).hang();
  scrape(it.new_host());
  it.world.run_for(1s);
  for (int i = 0; i < 3; ++i) {
    scrape(host);
    it.world.run_for(1s);
  }
  auto another = it.new_scraper();
  another->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n");
  EXPECT_EQ(it.wait_for(*another).status, 200);
  EXPECT_THAT(answered(), testing::ElementsAre(1));
}

// However often somebody with one place comes again, while those of the one with the most are
// young.
TEST_F(PatientScrapes, OfWhoeverHasTheMostAreWaitedForWhereTheyHaveNotAskedForLong) {
  it.add_application(gauge("a", 1));
  it.add_application(gauge("b", 1)).hang();
  scrape(it.new_host());
  it.world.run_for(10s);
  for (int i = 0; i < 3; ++i) {
    scrape(host, 3);
    it.world.run_for(kPullSharing + 1ms);
  }
  scrape(it.new_host(), 3);
  it.world.run_for(2500ms);
  EXPECT_FALSE(scrapes[0]->response());
  EXPECT_EQ(cut_short(), "0");
}

TEST_F(PatientScrapes, OfEqualsGiveNobodyTheirPlace) {
  it.add_application(gauge("a", 1));
  it.add_application(gauge("b", 1)).hang();
  runtime::Shard& other = it.new_host();
  for (int i = 0; i < 2; ++i) {
    scrape(host);
    scrape(other);
    it.world.run_for(1s);
  }
  it.world.run_for(10s);
  scrape(other, 10);
  it.world.run_for(10s);
  EXPECT_THAT(answered(), testing::ElementsAre(1, 4)) << "it was one of his own";
}

// Whoever waits with many has the places of one.
TEST_F(PatientScrapes, OfFourAreNotAllCutShortForOneWhoComesWithFour) {
  it.add_application(gauge("a", 1));
  it.add_application(gauge("b", 1)).hang();
  for (int i = 0; i < 4; ++i) {
    scrape(it.new_host());
    it.world.run_for(1s);
  }
  for (int i = 0; i < 4; ++i) scrape(host, 10);
  it.world.run_for(6s);
  EXPECT_THAT(answered(), testing::ElementsAre(0));
}

TEST_F(PatientScrapes, AreNotCutShortForWhoHasHardlyWaited) {
  it.add_application(gauge("a", 1));
  it.add_application(gauge("b", 1)).hang();
  for (int i = 0; i < 4; ++i) {
    scrape(host);
    it.world.run_for(1s);
  }
  for (int i = 0; i < 20; ++i) {
    scrape(it.new_host(), 1);
    it.world.run_for(1s);
  }
  EXPECT_EQ(cut_short(), "0");
}

// While many scrapers wait for each other's pages no pull came to its end, so that nobody was known
// to be late, and each page took as long.
TEST_F(PatientScrapes, ThatAreAllCutShortShowInTheEndWhoAnswersNothing) {
  it.add_application(gauge("a", 1));
  it.add_application(gauge("b", 1), transport::TransportKind::kTcp, named("b"));
  it.world.run_for(1s);
  it.scrape();
  it.world.run_for(1s);
  it.applications.back()->hang();
  std::vector<runtime::Shard*> hosts;
  for (int i = 0; i < 16; ++i) hosts.push_back(&it.new_host());
  for (int i = 0; i < 64; ++i) {
    scrape(*hosts[static_cast<std::size_t>(i) % hosts.size()], 10);
    it.world.run_for(940ms);
  }
  EXPECT_EQ(it.metric("prometheus_proxy_client_up{job=\"job\",instance=\"b\"}"), "0");
  const std::string before = cut_short();
  EXPECT_NE(before, "0");
  for (int i = 0; i < 32; ++i) {
    scrape(*hosts[static_cast<std::size_t>(i) % hosts.size()], 10);
    it.world.run_for(940ms);
  }
  EXPECT_EQ(cut_short(), before) << "nobody waits for it any more";
}

// A page that lacks everybody would end every series.
TEST_F(PatientScrapes, ThatHaveNothingYetAreRefusedRatherThanCutShort) {
  it.add_application(gauge("b", 1)).hang();
  for (int i = 0; i < 4; ++i) {
    scrape(host);
    it.world.run_for(1s);
  }
  scrape(it.new_host(), 10, "/metrics/pushes");
  it.world.run_for(9s);
  ASSERT_THAT(answered(), testing::ElementsAre(0, 4));
  EXPECT_EQ(scrapes[0]->response()->status, 503);
  EXPECT_EQ(scrapes[4]->response()->status, 200);
}

struct PatientScrapesOfSlowReaders : PatientScrapes {
  static sim::Config narrow() {
    sim::Config network;
    network.window_bytes = 2048;
    return network;
  }
  PatientScrapesOfSlowReaders() : PatientScrapes(narrow()) {}
};

TEST_F(PatientScrapesOfSlowReaders, AreCutShortOneForEachThatWaits) {
  std::string large;
  for (int i = 0; i < 10'000; ++i) large += gauge("a" + std::to_string(i), 1);
  it.add_application(large);
  it.add_application(gauge("b", 1)).hang();
  for (int i = 0; i < 4; ++i) {
    scrape(host).peer().pause_reading();
    it.world.run_for(2s);
  }
  scrape(it.new_host(), 20);
  EXPECT_EQ(it.wait_for(*scrapes.back()).status, 200);
  EXPECT_EQ(cut_short(), "1");
  EXPECT_EQ(it.metric("prometheus_proxy_pages_broken_off_total"), "1");
}

TEST(Scrape, WhileNobodyElseWaitsSlowClientsHaveTheirTime) {
  ServerWorld it;
  Application& slow = it.add_application(gauge("a", 1));
  slow.hang();
  auto patient = it.new_scraper();
  patient->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 120\r\n");
  it.world.run_for(100s);
  slow.recover();
  EXPECT_EQ(it.wait_for(*patient).body, gauge("a", 1));
  EXPECT_EQ(it.metric("prometheus_proxy_scrapes_cut_short_total"), "0");
}

// A page that lacks everybody would end every series.
TEST(Scrape, WhoWaitedUntilHardlyTimeIsLeftGetsNoEmptyPage) {
  Config config;
  config.scrapes_max = 1;
  ServerWorld it(config);
  it.add_application(gauge("a", 1));
  it.add_application(gauge("b", 1)).hang();
  auto running = it.new_scraper();
  auto waiting = it.new_scraper();
  running->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 2\r\n");
  it.world.run_for(1ms);
  waiting->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 2\r\n");
  EXPECT_EQ(it.wait_for(*running).status, 200);
  EXPECT_EQ(it.wait_for(*waiting).status, 503);
}

// Of a second or less half is enough to be asked in.
TEST(Scrape, WhoHasLittleTimeWaitsForItsTurnTooAndIsNotRefusedAtOnce) {
  Config config;
  config.scrapes_max = 1;
  ServerWorld it(config);
  it.add_application(gauge("a", 1));
  Application& slow = it.add_application(gauge("b", 1));
  slow.hang();
  auto running = it.new_scraper();
  auto waiting = it.new_scraper();
  running->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 4\r\n");
  it.world.run_for(200ms);
  waiting->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 1\r\n");
  it.world.run_for(100ms);
  slow.recover();
  EXPECT_EQ(it.wait_for(*running).status, 200);
  EXPECT_EQ(it.wait_for(*waiting).status, 200);
}

// What it leaves behind is read after its end: under AddressSanitizer this shows.
TEST(Scrape, UnderWayAndWaitingWhenTheProxyEndsIsDropped) {
  Config config;
  config.scrapes_max = 1;
  ServerWorld it(config);
  it.add_application(gauge("a", 1)).hang();
  auto first = it.new_scraper();
  auto second = it.new_scraper();
  first->get("/metrics/connected");
  second->get("/metrics/connected");
  it.world.run_for(1s);
  it.world.stop(*it.proxy);
  it.world.run_for(1s);
  EXPECT_TRUE(first->peer().ended().failed());
  EXPECT_TRUE(second->peer().ended().failed());
}

TEST(Scrape, AHeadAsksNobody) {
  ServerWorld it;
  auto& application = it.add_application(gauge("a", 1));
  auto client = it.new_scraper();
  client->request("HEAD", "/metrics/connected");
  EXPECT_EQ(it.wait_for(*client).status, 200);
  EXPECT_EQ(application.asked(), 0U);
}

TEST(Scrape, SurvivesItsScraper) {
  ServerWorld it;
  auto& application = it.add_application(gauge("a", 1));
  application.hang();
  auto client = it.new_scraper();
  client->get("/metrics/connected");
  ASSERT_TRUE(it.world.run_until([&] { return application.asked() == 1; }));
  client.reset();
  it.world.run_for(1s);
  application.recover();
  it.world.run_for(1s);
  EXPECT_EQ(it.scrape(), gauge("a", 1));
}

TEST(Scrape, AScraperThatReadsNothingIsBrokenOffAtItsTimeout) {
  ServerWorld it;
  it.add_application("a{b=\"" + std::string(1'000'000, 'x') + "\"} 1\n");
  auto client = it.new_scraper();
  client->peer().pause_reading();
  client->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 5\r\n");
  it.world.run_for(6s);
  client->peer().resume_reading();
  ASSERT_TRUE(it.world.run_until([&] { return client->peer().ended().failed(); }));
  EXPECT_FALSE(client->response()) << "an answer that looks whole";
}

TEST(Scrape, AVanishedClientIsGoneAfterItsLifetime) {
  ServerWorld it;
  it.add_application(gauge("a", 1));
  it.world.run_for(1s);  // all that was sent to it has been acknowledged
  it.world.lose_host(sim::ip("10.1.0.2"));
  it.world.run_for(1s);
  const auto start = it.world.now();
  ASSERT_TRUE(it.world.run_until([&] { return it.proxy->count_log("no keepalive") == 1; }, 5min));
  EXPECT_LE(it.world.now() - start, 91s);
  EXPECT_EQ(it.metric("prometheus_proxy_keepalive_timeouts_total"), "1");
  EXPECT_EQ(it.scrape(), "");
}

TEST(Scrape, ClientsComeBackToAProxyThatWasKilled) {
  ServerWorld it;
  auto& application = it.add_application(gauge("a", 1));
  it.world.kill(*it.proxy);
  it.start();
  ASSERT_TRUE(it.world.run_until([&] { return application.agent().has_key(); }, 1min));
  EXPECT_EQ(it.scrape(), gauge("a", 1));
}

TEST(Scrape, WorksAcrossKeyRotations) {
  Config config;
  config.key_rotation = 10min;
  ServerWorld it(config);
  auto& application = it.add_application(gauge("a", 0));
  for (int i = 1; i < 30; ++i) {
    application.set_text(gauge("a", i));
    it.world.run_for(i % 3 == 0 ? 25min : 3min);
    EXPECT_EQ(it.scrape(), gauge("a", i));
  }
}

TEST(Web, UnknownPathsAndMethodsAreRefused) {
  ServerWorld it;
  EXPECT_EQ(it.get("/metrics").status, 404);
  auto client = it.new_scraper();
  client->request("POST", "/metrics/connected", "Content-Length: 0\r\n");
  EXPECT_EQ(it.wait_for(*client).status, 405);
  EXPECT_EQ(it.get("/metrics/connected?scraper=a%20b").status, 400);
  EXPECT_EQ(it.get("/-/healthy").status, 200);
  EXPECT_EQ(it.get("/-/ready").status, 200);
}

TEST(Scrape, APageIsWrittenInTheFormatThatIsAskedFor) {
  ServerWorld it;
  it.add_application("# TYPE a_total counter\na_total{b=\"1\",} 1 5000\n");
  const auto page = it.get("/metrics/connected",
                           "Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\n");
  EXPECT_EQ(page.headers.at("content-type"),
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_EQ(page.headers.at("vary"), "Accept, Accept-Encoding");
  EXPECT_EQ(page.body, "# TYPE a counter\na_total{b=\"1\"} 1 5.000\n# EOF\n");
}

TEST(Scrape, APageHasNoTimestampsWhereTheyAreNotHonoured) {
  Config config;
  config.scrape_honor_timestamps = false;
  ServerWorld it(config);
  it.add_application("a 1 5000\n");
  EXPECT_EQ(it.scrape(), "# TYPE a untyped\na 1\n");
}

TEST(Scrape, WhoDoesNotFitOnThePageIsLeftOutAndCounted) {
  Config config;
  config.page_bytes_max = 3000;
  ServerWorld it(config);
  const std::string text = "a{b=\"" + std::string(2000, 'x') + "\"} 1\n";
  it.add_application(text);
  it.world.run_for(1s);
  it.add_application("b{c=\"" + std::string(2000, 'y') + "\"} 1\n");
  EXPECT_EQ(it.scrape(), "# TYPE a untyped\n" + text);
  EXPECT_EQ(it.metric("prometheus_proxy_quarantined_payloads_total{reason=\"page_full\"}"), "1");
  EXPECT_EQ(it.proxy->count_log("the page is full"), 1U);
}

TEST(Scrape, FullPagesAreToldInAFewLinesAndTheRestAsANumber) {
  Config config;
  config.page_bytes_max = 3000;
  ServerWorld it(config);
  it.add_application("a{b=\"" + std::string(2000, 'x') + "\"} 1\n");
  it.world.run_for(1s);
  it.add_application("b{c=\"" + std::string(2000, 'y') + "\"} 1\n");
  const auto scrape = [&] {
    it.scrape();
    it.world.run_for(2 * kPullSharing);
  };
  for (unsigned i = 0; i < kLogBurst + 5; ++i) scrape();
  EXPECT_EQ(it.proxy->count_log("the page is full"), kLogBurst);
  it.world.run_for(kLogPeriod);
  scrape();
  EXPECT_EQ(it.proxy->count_log("the page is full"), kLogBurst + 1);
  EXPECT_EQ(it.proxy->count_log("suppressed=5"), 1U);
}

TEST(Scrape, AHungAMalformedAHugeAndAConflictingClientCostAHundredNothing) {
  Config config;
  config.uncompressed_bytes_max = 100'000;
  ServerWorld it(config);
  std::string expected = "# TYPE a gauge\n";
  for (int i = 0; i < 96; ++i) {
    const std::string line = "a{i=\"" + std::to_string(i) + "\"} 1\n";
    it.add_application("# TYPE a gauge\n" + line);
    expected += line;
  }
  it.add_application(gauge("hung", 1)).hang();
  it.add_application("malformed 1\nmalformed x\n");
  it.add_application("huge{x=\"" + std::string(200'000, 'x') + "\"} 1\n");
  it.add_application("# TYPE a histogram\na_count 1\n");
  const base::Instant asked = it.world.now();
  EXPECT_EQ(it.scrape("X-Prometheus-Scrape-Timeout-Seconds: 10\r\n"), expected);
  EXPECT_LT(it.world.now() - asked, 10s);
  EXPECT_EQ(
      it.metric("prometheus_proxy_scrape_seconds_count{outcome=\"timeout\",exception=\"Timeout\"}"),
      "1");
  EXPECT_EQ(it.metric("prometheus_proxy_quarantined_payloads_total{reason=\"malformed\"}"), "1");
  EXPECT_EQ(it.metric("prometheus_proxy_quarantined_payloads_total{reason=\"too_large\"}"), "1");
  EXPECT_EQ(it.metric("prometheus_proxy_merge_conflicts_total{kind=\"family_dropped\"}"), "1");
  EXPECT_EQ(it.metric("prometheus_proxy_scrape_active_connections"), "100");
}

}  // namespace
}  // namespace prometheus_rsocket::server
