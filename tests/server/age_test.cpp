// --rsocket.max-connection-age in virtual time: clients are sent away to be spread anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/limits.h"
#include "server_world.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kAge = 10min;

Config with_age() {
  Config config;
  config.connection_age_max = kAge;
  return config;
}

TEST(ConnectionAge, WithoutALimitAConnectionStays) {
  ServerWorld it;
  Application& application = it.add_application(gauge("a", 1));
  it.world.run_for(24h);
  EXPECT_EQ(application.connected_times(), 1U);
}

TEST(ConnectionAge, AnOldConnectionEndsAfterItsNextCompleteScrape) {
  ServerWorld it(with_age());
  Application& application = it.add_application(gauge("a", 1));
  it.world.run_for(kAge * 11 / 10 + 1s);
  EXPECT_EQ(application.connected_times(), 1U);
  EXPECT_EQ(it.scrape(), gauge("a", 1));
  it.world.run_for(6s);
  EXPECT_EQ(application.connected_times(), 2U);
}

TEST(ConnectionAge, AYoungConnectionStaysThroughScrapes) {
  ServerWorld it(with_age());
  Application& application = it.add_application(gauge("a", 1));
  it.world.run_for(kAge * 8 / 10);
  EXPECT_EQ(it.scrape(), gauge("a", 1));
  it.world.run_for(1min);
  EXPECT_EQ(application.connected_times(), 1U);
}

TEST(ConnectionAge, WhereNobodyScrapesAnOldConnectionEndsAllTheSame) {
  ServerWorld it(with_age());
  Application& application = it.add_application(gauge("a", 1));
  it.world.run_for(kAge * 11 / 10 + kAgePatience + 6s);
  EXPECT_EQ(application.connected_times(), 2U);
}

TEST(ConnectionAge, ClientsThatCameTogetherDoNotLeaveTogether) {
  ServerWorld it(with_age());
  for (int i = 0; i < 40; ++i) it.add_application(gauge("a" + std::to_string(i), 1));
  const auto again = [&] {
    return std::ranges::count_if(it.applications,
                                 [](const auto& a) { return a->connected_times() > 1; });
  };
  it.world.run_for(kAge + kAgePatience + 5s);
  EXPECT_GT(again(), 5);
  EXPECT_LT(again(), 35);
}

}  // namespace
}  // namespace prometheus_rsocket::server
