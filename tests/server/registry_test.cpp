#include "server/registry.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;

base::Instant at(base::Duration time) { return base::Instant(1h) + time; }

ConnectionId connection(std::uint64_t serial) { return {0, serial}; }

ClientInfo named(std::string instance, base::Duration since, std::string incarnation = "i") {
  ClientInfo info;
  info.identity = transport::Identity{"job", std::move(instance), std::move(incarnation), {}};
  info.connected_at = at(since);
  return info;
}

ClientInfo nameless(std::uint16_t port, base::Duration since) {
  ClientInfo info;
  info.address = {boost::asio::ip::make_address("10.0.0.1"), port};
  info.connected_at = at(since);
  return info;
}

TEST(PublicId, OfANamedClientIsTheSameEverywhere) {
  EXPECT_EQ(public_id(named("a", 0s), connection(1)),
            public_id(named("a", 5s, "another process"), connection(1)));
  EXPECT_NE(public_id(named("a", 0s), connection(1)), public_id(named("b", 0s), connection(1)));
  EXPECT_EQ(public_id(named("a", 0s), connection(1)).size(), 32U);
}

TEST(PublicId, OfTwoNamesThatJoinToOneDiffers) {
  ClientInfo a = named("c", 0s);
  ClientInfo b = named("bc", 0s);
  a.identity->job = "ab";
  b.identity->job = "a";
  EXPECT_NE(public_id(a, connection(1)), public_id(b, connection(1)));
}

TEST(PublicId, OfAClientWithoutANameIsItsAddress) {
  EXPECT_EQ(public_id(nameless(77, 0s), connection(1)), "10.0.0.1:77");
}

TEST(PublicId, OfAClientWhosePortIsNotKnownIsItsConnections) {
  EXPECT_EQ(public_id(nameless(0, 0s), connection(7)), "10.0.0.1-0-7");
}

TEST(Registry, ListsWhoIsConnectedByAge) {
  Registry registry(5min);
  registry.connected(connection(2), nameless(2, 1s));
  registry.connected(connection(1), nameless(1, 2s));
  registry.connected(connection(3), nameless(3, 0s));
  std::vector<std::string> order;
  for (const auto& [seniority, entry] : registry.clients()) order.push_back(entry.id);
  EXPECT_EQ(order, (std::vector<std::string>{"10.0.0.1:3", "10.0.0.1:2", "10.0.0.1:1"}));
}

TEST(Registry, KnowsTheLastScrapeOfEach) {
  Registry registry(5min);
  registry.connected(connection(1), nameless(1, 0s));
  registry.scraped(connection(1), {.outcome = PullOutcome::kError, .samples = 0});
  registry.scraped(connection(1), {.outcome = PullOutcome::kSuccess, .samples = 3});
  registry.scraped(connection(9), {});
  EXPECT_EQ(registry.find(connection(1))->last_scrape->samples, 3U);
}

TEST(Registry, WhoLeftIsGoneAndWhoVanishedStaysForTheGrace) {
  Registry registry(5min);
  registry.connected(connection(1), nameless(1, 0s));
  registry.connected(connection(2), nameless(2, 0s));
  registry.ended(connection(1), Departure::kLeft, at(1min));
  registry.ended(connection(2), Departure::kVanished, at(1min));
  registry.ended(connection(3), Departure::kVanished, at(1min));  // no SETUP ever came
  EXPECT_EQ(registry.departed(at(6min - 1s)), std::vector<std::string>{"10.0.0.1:2"});
  EXPECT_NE(registry.find_departed("10.0.0.1:2", at(6min - 1s)), nullptr);
  EXPECT_TRUE(registry.departed(at(6min)).empty());
  EXPECT_EQ(registry.find_departed("10.0.0.1:2", at(6min)), nullptr);
}

TEST(Registry, WhoIsBackIsNotDeparted) {
  Registry registry(5min);
  registry.connected(connection(1), named("a", 0s));
  registry.ended(connection(1), Departure::kVanished, at(1min));
  registry.connected(connection(2), named("a", 2min));
  EXPECT_TRUE(registry.departed(at(2min)).empty());
}

TEST(Registry, WhoseOtherConnectionStaysIsNotDeparted) {
  Registry registry(5min);
  registry.connected(connection(1), named("a", 0s));
  registry.connected(connection(2), named("a", 1s));
  registry.ended(connection(1), Departure::kVanished, at(1min));
  EXPECT_TRUE(registry.departed(at(1min)).empty());
}

TEST(Registry, FindsTheLongestConnectedOfAName) {
  Registry registry(5min);
  registry.connected(connection(2), named("a", 1s));
  registry.connected(connection(1), named("a", 2s));
  const std::string id = public_id(named("a", 0s), connection(1));
  EXPECT_EQ(registry.find(id), connection(2));
  EXPECT_EQ(registry.namesakes(connection(1)), std::vector{connection(2)});
  EXPECT_EQ(registry.find("unknown"), std::nullopt);
}

TEST(Registry, AnotherProcessUnderTheNameIsFlaggedAtBoth) {
  Registry registry(5min);
  registry.connected(connection(1), named("a", 0s, "one"));
  registry.connected(connection(2), named("a", 1s, "one"));
  EXPECT_FALSE(registry.find(connection(1))->shares_name);
  registry.connected(connection(3), named("a", 2s, "two"));
  EXPECT_TRUE(registry.find(connection(1))->shares_name);
  EXPECT_TRUE(registry.find(connection(3))->shares_name);
  registry.ended(connection(3), Departure::kLeft, at(3s));
  EXPECT_FALSE(registry.find(connection(1))->shares_name);
}

TEST(Registry, ClientsWithoutANameShareNone) {
  Registry registry(5min);
  registry.connected(connection(1), nameless(1, 0s));
  registry.connected(connection(2), nameless(1, 1s));  // the old one has not been noticed to end
  EXPECT_FALSE(registry.find(connection(1))->shares_name);
  EXPECT_TRUE(registry.namesakes(connection(1)).empty());
}

TEST(Registry, WhoIsRetiredStandsForNothingAnyMore) {
  Registry registry(5min);
  registry.connected(connection(1), named("a", 0s));
  registry.connected(connection(2), named("a", 1s));
  const std::string id = registry.find(connection(1))->id;
  registry.retire(connection(1));
  EXPECT_EQ(registry.find(id), connection(2));
  EXPECT_FALSE(registry.stands_for_its_id(connection(1)));
  EXPECT_TRUE(registry.namesakes(connection(2)).empty());
  registry.retire(connection(1));
  registry.ended(connection(1), Departure::kVanished, at(1min));
  registry.ended(connection(2), Departure::kLeft, at(1min));
  EXPECT_TRUE(registry.departed(at(1min)).empty());
}

TEST(Registry, WhoCameBackAndVanishedAgainIsListedAnew) {
  Registry registry(5min);
  registry.connected(connection(1), named("a", 0s));
  registry.ended(connection(1), Departure::kVanished, at(1min));
  registry.connected(connection(2), named("a", 4min));
  registry.ended(connection(2), Departure::kVanished, at(5min));
  registry.connected(connection(3), named("b", 7min));
  registry.ended(connection(3), Departure::kLeft, at(7min));
  EXPECT_EQ(registry.departed(at(10min - 1s)).size(), 1U);
  EXPECT_TRUE(registry.departed(at(10min)).empty());
}

}  // namespace
}  // namespace prometheus_rsocket::server
