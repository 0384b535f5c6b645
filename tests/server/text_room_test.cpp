// What clients' texts take together is bounded, and large ones keep nobody small from the page.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/limits.h"
#include "server_world.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string kHeld = "prometheus_proxy_text_bytes";
constexpr std::size_t kMiB = std::size_t{1} << 20;

std::string lines(std::string_view line, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += line;
  return text;
}

std::string quarantined(ServerWorld& it, std::string_view reason) {
  return it.metric("prometheus_proxy_quarantined_payloads_total{reason=\"" + std::string(reason) +
                   "\"}");
}

TEST(TextRoom, WhatIsInATextIsBoundedAsTheTextIs) {
  Config config;
  config.uncompressed_bytes_max = kMiB;
  ServerWorld it(config);
  it.add_application(gauge("a", 1));
  it.add_application(lines("b 1\n", kMiB - 10));  // four times as much of index
  EXPECT_EQ(it.scrape(), gauge("a", 1));
  EXPECT_EQ(quarantined(it, "too_large"), "1");
}

TEST(TextRoom, LargeTextsDoNotKeepTheSmallFromThePage) {
  Config config;
  config.page_bytes_max = 16 * kMiB;
  ServerWorld it(config);
  // Longest-connected, and first to answer.
  for (int i = 0; i < 6; ++i) it.add_application(lines("b 123456789012345\n", 5 * kMiB));
  it.world.run_for(1s);
  it.add_application(gauge("a", 1));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(it.scrape(), HasSubstr(gauge("a", 1)));
    EXPECT_LE(std::stoul(it.metric(kHeld)), 20 * kMiB) << "a page and a quarter of one";
    it.world.run_for(1s);
  }
  EXPECT_NE(quarantined(it, "page_full"), "0");
}

TEST(TextRoom, IsGivenBackWithThePageAndTheClient) {
  ServerWorld it;
  Application& application = it.add_application(gauge("a", 1));
  EXPECT_EQ(it.metric(kHeld), "0");
  it.scrape();
  it.world.run_for(1s);
  EXPECT_EQ(it.metric(kHeld), it.metric("prometheus_proxy_remembered_bytes"));
  EXPECT_NE(it.metric(kHeld), "0");
  application.agent().close();
  it.world.run_for(1s);
  EXPECT_EQ(it.metric(kHeld), "0");
}

// Two such pages do not fit beside each other.
struct LargePages : testing::Test {
  static Config config() {
    Config config;
    config.page_bytes_max = 800'000;
    return config;
  }
  LargePages() : it(config()) {
    for (const std::string name : {"a", "b", "c"}) {
      it.add_application(name + "{d=\"" + std::string(200'000, 'x') + "\"} 1\n");
    }
    it.scrape();
    it.world.run_for(1s);
  }
  ServerWorld it;
};

TEST_F(LargePages, AScrapeWaitsUntilThePageBeforeItIsRead) {
  auto first = it.new_scraper();
  first->peer().pause_reading();
  first->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 30\r\n");
  it.world.run_for(kReaderPatience / 2);
  auto second = it.new_scraper();
  second->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 30\r\n");
  it.world.run_for(kReaderPatience / 4);
  EXPECT_TRUE(second->peer().received().empty());
  first->peer().resume_reading();
  EXPECT_EQ(it.wait_for(*first).status, 200);
  EXPECT_EQ(it.wait_for(*second).status, 200);
  EXPECT_THAT(it.wait_for(*second).body, HasSubstr("xxx"));
}

TEST_F(LargePages, LeaveRoomForThePageOfThePushes) {
  auto first = it.new_scraper();
  first->peer().pause_reading();
  first->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 30\r\n");
  it.world.run_for(kReaderPatience / 2);
  auto second = it.new_scraper();
  second->get("/metrics/pushes");
  it.world.run_for(kReaderPatience / 4);
  EXPECT_TRUE(second->response());
}

// Where clients' own pages hold all texts that there is room for, one scrape is let in all the
// same.
TEST_F(LargePages, AreNotKeptOutByThePageOfThePushesWhereOnlyOneIsLetIn) {
  it.push("pushed{d=\"" + std::string(200'000, 'x') + "\"} 1\n");
  const std::string targets = it.get("/sd").body;
  std::vector<std::unique_ptr<test::HttpClient>> stalled;
  const auto stall = [&](const std::string& path) {
    stalled.push_back(it.new_scraper());
    stalled.back()->peer().pause_reading();
    stalled.back()->get(path, "X-Prometheus-Scrape-Timeout-Seconds: 30\r\n");
  };
  constexpr std::string_view kPath = "/metrics/clients/";
  for (auto at = targets.find(kPath); at != std::string::npos; at = targets.find(kPath, at + 1)) {
    stall(targets.substr(at, targets.find('"', at) - at));
  }
  ASSERT_GE(stalled.size(), 3U);
  it.world.run_for(kReaderPatience / 8);
  for (const auto& client : it.applications) client->set_text("e 1\n");  // the others are held
  stall("/metrics/pushes?scraper=other");
  it.world.run_for(kReaderPatience / 8);
  auto scraper = it.new_scraper();
  scraper->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 30\r\n");
  it.world.run_for(kReaderPatience / 8);
  EXPECT_TRUE(scraper->response());
}

TEST_F(LargePages, AndHasItsPlaceWhenItIsNotRead) {
  auto first = it.new_scraper();
  first->peer().pause_reading();
  first->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 30\r\n");
  it.world.run_for(5s);
  const base::Instant asked = it.world.now();
  EXPECT_THAT(it.scrape("X-Prometheus-Scrape-Timeout-Seconds: 10\r\n"), HasSubstr("xxx"));
  EXPECT_LT(it.world.now() - asked, kTicketPatience + 1s);
}

// Two such pages fit beside each other, and no third.
struct TwoLargePages : testing::Test {
  static constexpr std::string_view kPatient = "X-Prometheus-Scrape-Timeout-Seconds: 60\r\n";

  static Config config() {
    Config config;
    config.page_bytes_max = 1'400'000;
    config.scrapes_max = 2;
    return config;
  }
  TwoLargePages() : it(config()) {
    for (const std::string name : {"a", "b", "c"}) {
      it.add_application(name + "{d=\"" + std::string(200'000, 'x') + "\"} 1\n");
    }
    it.scrape();
    it.world.run_for(1s);
  }
  // Asks, and reads nothing.
  test::HttpClient& stall() {
    stalled.push_back(it.new_scraper());
    stalled.back()->peer().pause_reading();
    stalled.back()->get("/metrics/connected", kPatient);
    it.world.run_for(500ms);
    return *stalled.back();
  }
  std::string broken_off() { return it.metric("prometheus_proxy_pages_broken_off_total"); }

  ServerWorld it;
  std::vector<std::unique_ptr<test::HttpClient>> stalled;
};

TEST_F(TwoLargePages, OneThatGivesWayIsEnoughForOneWhoWaits) {
  stall();
  stall();
  it.world.run_for(5s);
  EXPECT_THAT(it.scrape(kPatient), HasSubstr("xxx"));
  EXPECT_EQ(broken_off(), "1");
}

// The room of a page that has ended is there before the next one asks for it.
TEST_F(TwoLargePages, NobodyGivesWayWhenOneHasEndedOfItself) {
  stall();
  runtime::Shard& host = it.new_host();
  test::HttpClient first(host, kHttp);
  test::HttpClient second(host, kHttp);
  it.applications.back()->hang();
  first.get("/metrics/connected", kPatient);
  it.world.run_for(100ms);
  second.get("/metrics/connected", kPatient);
  it.world.run_for(kTicketPatience + 500ms);  // it presses, and takes nothing from its equal
  it.applications.back()->recover();
  EXPECT_EQ(it.wait_for(first).status, 200);
  EXPECT_EQ(it.wait_for(second).status, 200);
  EXPECT_EQ(broken_off(), "0");
}

// ---- Texts that have to ask

std::string labelled(std::string_view name, std::size_t bytes) {
  return std::string(name) + "{d=\"" + std::string(bytes, 'x') + "\"} 1\n";
}

TEST(TextRoom, ALoneTextMayFillMostOfThePage) {
  Config config;
  config.page_bytes_max = 16 * kMiB;
  ServerWorld it(config);
  it.add_application(labelled("a", 12 * kMiB));
  EXPECT_THAT(it.scrape(), HasSubstr("a{"));
}

// What names make of a text is held as it is: 2 MiB become 30.
TEST(TextRoom, NamesOnEverySampleHaveNoMoreRoomThanThereIs) {
  Config config;
  config.page_bytes_max = 16 * kMiB;
  config.labels_identity = true;
  ServerWorld it(config);
  it.add_application(lines("b 123456789012345\n", 2 * kMiB), transport::TransportKind::kTcp,
                     named(std::string(250, 'i')));
  it.world.run_for(1s);
  it.add_application(gauge("a", 1), transport::TransportKind::kTcp, named("small"));
  EXPECT_THAT(it.scrape(), testing::AllOf(HasSubstr("small"), testing::Not(HasSubstr("iii"))));
  EXPECT_LE(std::stoul(it.metric(kHeld)), 20 * kMiB);
  EXPECT_EQ(quarantined(it, "page_full"), "1");
}

TEST(TextRoom, APageThatIsLetInHasRoomForAllOfItsTexts) {
  Config config;
  config.page_bytes_max = 10 * kMiB + kMiB / 4;
  ServerWorld it(config);
  for (const std::string name : {"a", "b", "c", "d", "e"}) {
    it.add_application(labelled(name, kMiB + kMiB / 5));
  }
  it.world.run_for(1s);
  auto slow = it.new_scraper();
  slow->peer().pause_reading();
  slow->get("/metrics/connected", "X-Prometheus-Scrape-Timeout-Seconds: 60\r\n");
  it.world.run_for(1s);
  const std::string page = it.scrape("X-Prometheus-Scrape-Timeout-Seconds: 60\r\n");
  for (const std::string name : {"a{", "b{", "c{", "d{", "e{"}) EXPECT_THAT(page, HasSubstr(name));
  EXPECT_EQ(quarantined(it, "page_full"), "0");
}

}  // namespace
}  // namespace prometheus_rsocket::server
