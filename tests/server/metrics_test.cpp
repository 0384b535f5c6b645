#include "server/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

namespace prometheus_rsocket::server {
namespace {

const std::vector<ClientUp> kClients = {{"a\"\\\n", "b", true}, {"a", "c", false}};

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(RecentMax, ForgetsWhatIsFourMinutesOld) {
  RecentMax max;
  max.observe(5, base::Instant(10min));
  EXPECT_EQ(max.value(base::Instant(11min)), 5);
  max.observe(2, base::Instant(12min + 1s));
  EXPECT_EQ(max.value(base::Instant(12min + 2s)), 5);
  max.observe(1, base::Instant(14min + 2s));
  EXPECT_EQ(max.value(base::Instant(14min + 3s)), 2);
  EXPECT_EQ(max.value(base::Instant(20min)), 0);
}

TEST(ProxyMetrics, AddUpTheShards) {
  std::vector<ShardMetrics> shards(2);
  shards[0].connections = 3;
  shards[1].connections = 4;
  const auto success = static_cast<std::size_t>(PullOutcome::kSuccess);
  shards[0].scrape_seconds[success].observe(0.2, {});
  shards[1].scrape_seconds[success].observe(0.3, {});
  const std::string page = write_proxy_metrics("1.2.3", shards, {}, {});
  EXPECT_THAT(page, HasSubstr("\nprometheus_proxy_scrape_active_connections 7\n"));
  EXPECT_THAT(page, HasSubstr("prometheus_proxy_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("prometheus_proxy_scrape_seconds_sum{outcome=\"success\","
                              "exception=\"none\"} 0.5\n"));
  EXPECT_THAT(page, HasSubstr("prometheus_proxy_scrape_seconds_bucket{outcome=\"success\","
                              "exception=\"none\",le=\"0.25\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("prometheus_proxy_scrape_seconds_max{outcome=\"success\","
                              "exception=\"none\"} 0.3\n"));
}

TEST(ProxyMetrics, HavePromtoolsApproval) {
  if (std::system("command -v promtool >/dev/null") != 0) {
    GTEST_SKIP() << "promtool (Debian: prometheus) is not installed";
  }
  std::string page = write_proxy_metrics("1.2.3", std::vector<ShardMetrics>(2), {}, {});
  for (const ClientUp& client : kClients) write_client_up(page, client);
  std::FILE* const promtool = popen("promtool check metrics", "w");
  ASSERT_NE(promtool, nullptr);
  std::fputs(page.c_str(), promtool);
  EXPECT_EQ(pclose(promtool), 0);
}

}  // namespace
}  // namespace prometheus_rsocket::server
