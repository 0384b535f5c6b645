// A client's last exposition is kept to read its next one by (exposition/rescan.h): pages are as
// without it, and its memory is bounded.
#include <gtest/gtest.h>

#include <string>

#include "server_world.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;

const std::string kMetric = "prometheus_proxy_remembered_bytes";

// A scrape joins a pull of just before, whose texts are not those of now.
std::string scrape_anew(ServerWorld& it) {
  it.world.run_for(1s);
  return it.scrape();
}

std::string page_of(const std::string& text) { return "# TYPE a untyped\n" + text; }

TEST(Remembered, ValuesThatChangeAndSeriesThatComeAndGoAreOnEachPage) {
  ServerWorld it;
  Application& application = it.add_application("");
  for (const std::string text :
       {"a 1\n", "a 2\n", "a 3 17\n", "a{b=\"c\"} 4\na 5\n", "a{b=\"c\"} 6.5\na -7\n", "a 8\n"}) {
    application.set_text(text);
    EXPECT_EQ(scrape_anew(it), page_of(text));
  }
}

TEST(Remembered, ABadTextIsKeptFromThePageAloneAndTheNextIsReadAgain) {
  ServerWorld it;
  Application& application = it.add_application("a 1\n");
  EXPECT_EQ(scrape_anew(it), page_of("a 1\n"));
  application.set_text("a x\n");
  EXPECT_EQ(scrape_anew(it), "");
  application.set_text("a 2\n");
  EXPECT_EQ(scrape_anew(it), page_of("a 2\n"));
  EXPECT_EQ(it.metric("prometheus_proxy_quarantined_payloads_total{reason=\"malformed\"}"), "1");
}

TEST(Remembered, ItTakesMemoryAsLongAsTheClientIsConnected) {
  ServerWorld it;
  Application& application = it.add_application(gauge("a", 1));
  EXPECT_EQ(it.metric(kMetric), "0");
  EXPECT_EQ(scrape_anew(it), gauge("a", 1));
  const std::string bytes = it.metric(kMetric);
  EXPECT_GT(std::stoul(bytes), gauge("a", 1).size());
  EXPECT_EQ(scrape_anew(it), gauge("a", 1));
  EXPECT_EQ(it.metric(kMetric), bytes);
  application.agent().close();
  it.world.run_for(1s);
  EXPECT_EQ(it.metric(kMetric), "0");
}

// A quarter of a page is kept: the second of two clients finds no room.
TEST(Remembered, WhatHasNoRoomIsReadAsIfForTheFirstTime) {
  Config config;
  config.page_bytes_max = 1'600;
  ServerWorld it(config, {}, 1, 1);
  const std::string a = "a{b=\"" + std::string(250, 'x') + "\"} ";
  const std::string c = "c{b=\"" + std::string(250, 'y') + "\"} ";
  Application& first = it.add_application(a + "1\n");
  it.world.run_for(1s);
  Application& second = it.add_application(c + "1\n");
  for (const std::string value : {"1\n", "22\n", "3\n"}) {
    first.set_text(a + value);
    second.set_text(c + value);
    EXPECT_EQ(scrape_anew(it), page_of(a + value) + "# TYPE c untyped\n" + c + value);
    EXPECT_GT(std::stoul(it.metric(kMetric)), a.size());
    EXPECT_LE(std::stoul(it.metric(kMetric)), config.page_bytes_max / 4);
  }
}

}  // namespace
}  // namespace prometheus_rsocket::server
