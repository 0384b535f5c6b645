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

ClientInfo at_port(ClientInfo info, std::uint16_t port) {
  info.address = {boost::asio::ip::make_address("10.0.0.1"), port};
  return info;
}

ClientInfo nameless(std::uint16_t port, base::Duration since) {
  ClientInfo info;
  info.connected_at = at(since);
  return at_port(std::move(info), port);
}

std::string id_of(const ClientInfo& info, ConnectionId client = connection(1)) {
  Registry registry(5min);
  registry.connected(client, info);
  return registry.clients().begin()->second.id;
}

TEST(ClientUp, IsOneOfANameIfOneOfItsConnectionsIs) {
  Registry registry(5min);
  registry.connected(connection(1), named("a", 0s));
  registry.connected(connection(2), named("a", 1s, "another process"));
  registry.connected(connection(3), nameless(5, 2s));
  std::vector<std::string> ids;
  while (auto id = registry.id_behind(ids.empty() ? "" : ids.back())) ids.push_back(*id);
  ASSERT_EQ(ids.size(), 2U) << "each once";
  const std::string a = id_of(named("a", 0s));
  EXPECT_EQ(registry.client_up(a), std::nullopt) << "nobody was scraped";
  registry.scraped(connection(1), {.outcome = PullOutcome::kTimeout});
  registry.scraped(connection(3), {.outcome = PullOutcome::kSuccess});
  EXPECT_EQ(registry.client_up(a), (ClientUp{"job", "a", false}));
  registry.scraped(connection(2), {.outcome = PullOutcome::kSuccess});
  EXPECT_EQ(registry.client_up(a), (ClientUp{"job", "a", true}));
  for (const std::string& id : ids) EXPECT_EQ(registry.client_up(id).has_value(), id == a);
}

TEST(PublicId, OfANamedClientIsTheSameEverywhere) {
  EXPECT_EQ(id_of(named("a", 0s)), id_of(named("a", 5s, "another process")));
  EXPECT_NE(id_of(named("a", 0s)), id_of(named("b", 0s)));
  EXPECT_EQ(id_of(named("a", 0s)).size(), 32U);
}

TEST(PublicId, OfTwoNamesThatJoinToOneDiffers) {
  ClientInfo a = named("c", 0s);
  ClientInfo b = named("bc", 0s);
  a.identity->job = "ab";
  b.identity->job = "a";
  EXPECT_NE(id_of(a), id_of(b));
}

TEST(PublicId, TakesEveryCharacterOfANameAsPartOfIt) {
  using namespace std::string_literals;
  ClientInfo a = named("c", 0s);
  ClientInfo b = named("b\0c"s, 0s);
  a.identity->job = "a\0b"s;
  b.identity->job = "a";
  EXPECT_NE(id_of(a), id_of(b));
}

// Prometheus keeps it in the path of a target, and proxies of one cluster share it.
TEST(PublicId, OfANameIsTheSameInEveryProcess) {
  EXPECT_EQ(id_of(named("a", 0s)), "bdc687f98dec7506f551ebec5b2a3437");
}

TEST(PublicId, OfAClientWithoutANameIsItsAddress) {
  EXPECT_EQ(id_of(nameless(77, 0s)), "10.0.0.1:77");
}

TEST(PublicId, OfAClientWhosePortIsNotKnownIsItsConnections) {
  EXPECT_EQ(id_of(nameless(0, 0s), connection(7)), "10.0.0.1-0-7");
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
  const std::string id = id_of(named("a", 0s));
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

// ---- Two names with one ID, which SHA-256 does not give

std::string same_for_all(const transport::Identity&) { return "shared"; }

TEST(RegistryOfSharedIds, GivesNobodyThePlaceOfAnotherName) {
  Registry registry(5min, same_for_all);
  registry.connected(connection(1), at_port(named("victim", 0s), 1));
  registry.connected(connection(2), at_port(named("other", 1s), 2));
  EXPECT_TRUE(registry.namesakes(connection(2)).empty()) << "nobody is retired or asked for it";
  EXPECT_TRUE(registry.namesakes(connection(1)).empty());
  EXPECT_FALSE(registry.find(connection(1))->shares_name);
  EXPECT_EQ(registry.find("shared"), connection(1));
  EXPECT_EQ(registry.find("10.0.0.1:2"), connection(2)) << "it is listed by its connection";
  EXPECT_TRUE(registry.stands_for_its_id(connection(1)));
  EXPECT_TRUE(registry.stands_for_its_id(connection(2)));

  registry.ended(connection(2), Departure::kVanished, at(1min));
  EXPECT_EQ(registry.find("shared"), connection(1));
  registry.ended(connection(1), Departure::kLeft, at(1min));
  EXPECT_FALSE(registry.find("shared"));
}

TEST(RegistryOfSharedIds, KeepsWhoVanishedFromAnotherName) {
  Registry registry(5min, same_for_all);
  registry.connected(connection(1), at_port(named("victim", 0s), 1));
  registry.ended(connection(1), Departure::kVanished, at(1min));
  registry.connected(connection(2), at_port(named("other", 2min), 2));
  ASSERT_NE(registry.find_departed("shared", at(2min)), nullptr);
  EXPECT_EQ(registry.find_departed("shared", at(2min))->info.identity->instance, "victim");
  EXPECT_FALSE(registry.find("shared"));

  registry.connected(connection(3), at_port(named("victim", 3min), 3));
  EXPECT_EQ(registry.find("shared"), connection(3)) << "it is back";
  EXPECT_EQ(registry.find_departed("shared", at(3min)), nullptr);
}

TEST(RegistryOfSharedIds, KnowsConnectionsOfOneName) {
  Registry registry(5min, same_for_all);
  registry.connected(connection(1), at_port(named("a", 0s, "one"), 1));
  registry.connected(connection(2), at_port(named("a", 1s, "two"), 2));
  EXPECT_EQ(registry.namesakes(connection(2)), std::vector{connection(1)});
  EXPECT_TRUE(registry.find(connection(1))->shares_name);
}

}  // namespace
}  // namespace prometheus_rsocket::server
