#include "server/web.h"

#include <gtest/gtest.h>

#include "server/scrape_time.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;

TEST(ScrapeTime, IsTheScrapersLessAnOffsetOfAtMostHalfOfIt) {
  EXPECT_EQ(scrape_time("10", {}), (ScrapeTime{9500ms, 10s}));
  EXPECT_EQ(scrape_time("0.4", {}), (ScrapeTime{200ms, 400ms}));
  EXPECT_EQ(scrape_time("1e1", {}), (ScrapeTime{9500ms, 10s}));
}

TEST(ScrapeTime, IsCapped) { EXPECT_EQ(scrape_time("3600", {}), (ScrapeTime{119500ms, 2min})); }

TEST(ScrapeTime, IsTheDefaultWithoutASoundHeader) {
  const ScrapeTime by_default{10s, 20s};
  EXPECT_EQ(scrape_time(std::nullopt, {}), by_default);
  for (const char* header : {"", "x", "10s", "0", "-1", "nan", "inf", "1e999", " 5"}) {
    EXPECT_EQ(scrape_time(header, {}), by_default) << header;
  }
}

TEST(ScraperId, IsTheUserWhereverTheyComeFrom) {
  const http::Request request{.method = "GET", .target = {}, .headers = {}, .remote = {}};
  EXPECT_EQ(scraper_of(request, "alice"), push::ScraperId{"@alice"});
}

// A certificate's name may have blanks.
TEST(ScraperId, OfOneUsersScraperIsNotAnotherUser) {
  http::Request named;
  named.target.query = {{"scraper", "a"}};
  EXPECT_EQ(scraper_of(named, "alice"), push::ScraperId{"a@alice"});
  for (const std::string user : {"alice a", "a alice", "a@alice", "@a@alice"}) {
    EXPECT_NE(scraper_of(named, "alice"), scraper_of(http::Request(), user)) << user;
  }
}

TEST(ScraperId, IsTheNameItGivesItself) {
  http::Request request;
  request.target.query = {{"scraper", "prom-a.1"}};
  EXPECT_EQ(scraper_of(request, ""), push::ScraperId{"prom-a.1"});
}

TEST(ScraperId, IsRefusedWhenTheNameIsNone) {
  http::Request request;
  for (const std::string& name :
       {std::string(), std::string("a b"), std::string("a\n"), std::string(65, 'a')}) {
    request.target.query = {{"scraper", name}};
    EXPECT_FALSE(scraper_of(request, "")) << name;
  }
}

TEST(ScraperId, IsElseTheAddressWithoutPortAndTheUserAgent) {
  http::Request request;
  request.remote = {boost::asio::ip::make_address("192.0.2.1"), 4711};
  request.headers = {{"user-agent", "Prometheus/2.42"}};
  const auto first = scraper_of(request, "");
  request.remote.port = 4712;
  EXPECT_EQ(scraper_of(request, ""), first);
  EXPECT_EQ(first, push::ScraperId{"192.0.2.1 Prometheus/2.42"});
}

}  // namespace
}  // namespace prometheus_rsocket::server
