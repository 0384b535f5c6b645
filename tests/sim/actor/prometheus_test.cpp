#include "sim/actor/prometheus.h"

#include <gmock/gmock.h>

#include "actor_world.h"

namespace prometheus_rsocket::sim::actor {
namespace {

TEST(Prometheus, ScrapesAtItsIntervalOnOneConnectionAndConfirmsEach) {
  ActorWorld it;
  it.start_proxy();
  it.add_client();
  it.add_prometheus();
  it.world.run_for(61s);
  const auto began = it.times<history::ScrapeBegan>();
  ASSERT_EQ(began.size(), 4U);
  for (std::size_t i = 1; i < began.size(); ++i) EXPECT_EQ(began[i] - began[i - 1], 15s);
  for (const auto& scrape : it.all<history::ScrapeEnded>()) {
    EXPECT_EQ(scrape.result, ScrapeResult::kWhole);
    EXPECT_EQ(scrape.status, 200);
    EXPECT_EQ(scrape.trouble, "");
    EXPECT_FALSE(scrape.samples.empty());
  }
  const auto confirmed = it.all<history::ScrapeConfirmed>();
  ASSERT_EQ(confirmed.size(), 3U);  // the last is not yet
  EXPECT_EQ(confirmed[0].scrape, it.all<history::ScrapeBegan>()[0].scrape);
  EXPECT_EQ(it.world.open_connections(), 2U);
}

TEST(Prometheus, ADialThatWasGivenUpDoesNotArriveLater) {
  ActorWorld it;
  it.world.add_process(kProxyAddress);
  it.world.lose_host(kProxyAddress);
  Prometheus& prometheus = it.add_prometheus();
  it.world.run_for(1min);
  prometheus.stop();
  it.world.run_for(10s);
  Process& again = it.world.add_process(kProxyAddress);
  const auto& server = again.emplace<RawServer>(again, kWebPort);
  it.world.run_for(5min);
  EXPECT_TRUE(server.connections.empty());
}

TEST(Prometheus, SaysItsNameTimeoutAndEncodings) {
  for (const std::uint32_t gzip_percent : {0U, 100U}) {
    ActorWorld it;
    Process& host = it.world.add_process(kProxyAddress);
    auto& server = host.emplace<RawServer>(host, kWebPort);
    Process& process = it.world.add_process(it.new_address());
    auto config = it.scraper_config();
    config.gzip_percent = gzip_percent;
    config.timeout = 2500ms;
    process.emplace<Prometheus>(process, it.recorder, config, 15s, 1);
    ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
    EXPECT_EQ(it.all<history::ScrapeEnded>()[0].result, ScrapeResult::kTimedOut);
    const std::string request = server.newest().received;
    EXPECT_THAT(request,
                testing::StartsWith("GET /metrics/connected?scraper=prometheus-0 HTTP/1.1\r\n"));
    EXPECT_THAT(request, testing::HasSubstr("\r\nX-Prometheus-Scrape-Timeout-Seconds: 2.500\r\n"));
    EXPECT_EQ(request.find("gzip") != std::string::npos, gzip_percent == 100);
  }
}

TEST(Prometheus, ReadsPackedPages) {
  for (const std::uint32_t gzip_percent : {0U, 100U}) {  // else zstd
    ActorWorld it;
    it.start_proxy();
    it.add_client();
    Process& process = it.world.add_process(it.new_address());
    auto config = it.scraper_config();
    config.gzip_percent = gzip_percent;
    config.zstd_percent = 100 - gzip_percent;
    process.emplace<Prometheus>(process, it.recorder, config, 15s, 1);
    ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
    EXPECT_EQ(it.all<history::ScrapeEnded>()[0].trouble, "");
    EXPECT_FALSE(it.all<history::ScrapeEnded>()[0].samples.empty());
  }
}

TEST(Prometheus, IsRefusedWhereNobodyListensAndComesBack) {
  ActorWorld it;
  it.world.add_process(kProxyAddress);
  it.add_prometheus();
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
  EXPECT_EQ(it.all<history::ScrapeEnded>()[0].result, ScrapeResult::kRefused);
  it.start_proxy();
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
  EXPECT_EQ(it.all<history::ScrapeEnded>()[1].result, ScrapeResult::kWhole);
}

TEST(Prometheus, AProxyKilledInMidScrapeBreaksIt) {
  ActorWorld it;
  it.start_proxy();
  it.add_client().hang();
  it.add_prometheus();
  ASSERT_TRUE(it.run_until_next<history::ScrapeBegan>());
  it.world.run_for(1s);
  it.proxy.kill();
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>(1s));
  EXPECT_EQ(it.all<history::ScrapeEnded>()[0].result, ScrapeResult::kBroken);
}

TEST(Prometheus, DialsAgainWhenItsKeptConnectionHasDied) {
  ActorWorld it;
  it.start_proxy();
  it.add_prometheus();
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
  it.proxy.kill();
  it.start_proxy();
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
  EXPECT_EQ(it.all<history::ScrapeEnded>()[1].result, ScrapeResult::kWhole);
  EXPECT_TRUE(it.all<history::ScrapeConfirmed>().empty());
}

TEST(Prometheus, APushInAnAbortedScrapeIsInTheNext) {
  ActorWorld it;
  it.start_proxy();
  it.add_client().push(PushKind::kAcknowledged);
  ASSERT_TRUE(it.run_until_next<history::ClientEnded>());
  Prometheus& prometheus = it.add_prometheus();
  prometheus.abort_next();
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
  EXPECT_EQ(it.all<history::ScrapeEnded>()[0].result, ScrapeResult::kAborted);
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
  EXPECT_FALSE(it.all<history::ScrapeEnded>()[1].samples.empty());
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
  EXPECT_TRUE(it.all<history::ScrapeEnded>()[2].samples.empty());
}

TEST(Prometheus, ASlowReaderGetsItsPageWhole) {
  ActorWorld it;
  it.start_proxy();
  for (int i = 0; i < 5; ++i) it.add_client();
  Prometheus& prometheus = it.add_prometheus();
  prometheus.slow_next({64, 50ms});
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
  EXPECT_EQ(it.all<history::ScrapeEnded>()[0].result, ScrapeResult::kWhole);
  EXPECT_EQ(it.all<history::ScrapeEnded>()[0].trouble, "");
  EXPECT_GT(it.times<history::ScrapeEnded>()[0] - it.times<history::ScrapeBegan>()[0], 200ms);
}

TEST(Prometheus, OneTooSlowTimesOutByItself) {
  ActorWorld it;
  it.start_proxy();
  it.add_client();
  Prometheus& prometheus = it.add_prometheus();
  prometheus.slow_next({1, 1s});
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
  EXPECT_EQ(it.all<history::ScrapeEnded>()[0].result, ScrapeResult::kTimedOut);
  EXPECT_EQ(it.times<history::ScrapeEnded>()[0] - it.times<history::ScrapeBegan>()[0], 10s);
}

TEST(Prometheus, HangingUpConfirmsWhatItHasOnceTheProxyHeard) {
  ActorWorld it;
  it.start_proxy();
  Prometheus& prometheus = it.add_prometheus();
  ASSERT_TRUE(it.run_until_next<history::ScrapeEnded>());
  prometheus.lose_connection();
  EXPECT_TRUE(it.all<history::ScrapeConfirmed>().empty());
  it.world.run_for(1s);
  EXPECT_EQ(it.all<history::ScrapeConfirmed>().size(), 1U);
  EXPECT_EQ(it.world.open_connections(), 0U);
}

TEST(Prometheus, OneThatStoppedScrapesNoMore) {
  ActorWorld it;
  it.start_proxy();
  it.add_client().hang();
  Prometheus& prometheus = it.add_prometheus();
  ASSERT_TRUE(it.run_until_next<history::ScrapeBegan>());
  prometheus.stop();
  it.world.run_for(1min);
  EXPECT_EQ(it.all<history::ScrapeEnded>().size(), 1U);
  EXPECT_EQ(it.all<history::ScrapeConfirmed>().size(), 1U);
  EXPECT_EQ(it.world.open_connections(), 1U);  // the client's
}

TEST(Stranger, ScrapesOnceUnderNoNameAndLeavesAFin) {
  ActorWorld it;
  it.start_proxy();
  it.add_client();
  Process& process = it.world.add_process(it.new_address());
  auto& stranger = process.emplace<Stranger>(process, it.recorder, it.scraper_config(7), 1, 1);
  EXPECT_FALSE(stranger.done());
  ASSERT_TRUE(it.run_until_next<history::ScrapeConfirmed>());
  EXPECT_TRUE(stranger.done());
  EXPECT_FALSE(it.all<history::ScrapeEnded>().at(0).samples.empty());
  it.world.run_for(1min);
  EXPECT_EQ(it.all<history::ScrapeBegan>().size(), 1U);
}

TEST(MetricsReader, ReadsWhatTheProxySaysOfItself) {
  ActorWorld it;
  it.start_proxy();
  it.add_client();
  Process& process = it.world.add_process(it.new_address());
  auto& reader =
      process.emplace<MetricsReader>(process, it.recorder, it.proxy.id(), it.proxy.web());
  ASSERT_TRUE(it.world.run_until([&] { return reader.done(); }, 1min));
  const auto read = it.all<history::MetricsRead>();
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].values.at("prometheus_proxy_scrape_active_connections"), 1);
}

TEST(MetricsReader, IsDoneWhereNobodyListens) {
  ActorWorld it;
  it.world.add_process(kProxyAddress);
  Process& process = it.world.add_process(it.new_address());
  auto& reader =
      process.emplace<MetricsReader>(process, it.recorder, it.proxy.id(), it.proxy.web());
  it.world.run_for(1s);
  EXPECT_TRUE(reader.done());
  EXPECT_TRUE(it.all<history::MetricsRead>().empty());
}

}  // namespace
}  // namespace prometheus_rsocket::sim::actor
