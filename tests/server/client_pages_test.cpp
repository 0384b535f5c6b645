// What is told of single clients: their own pages, the list for service discovery, the table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "base/bytes.h"
#include "server_world.h"
#include "transport/identity.h"

namespace prometheus_rsocket::server {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using transport::TransportKind;

struct ClientPagesTest : testing::Test {
  Application& add(std::string text, agent::Config config = {}) {
    return it.add_application(std::move(text), TransportKind::kTcp, std::move(config));
  }
  json::array table() {
    const json::value all = json::parse(it.get("/api/v1/clients").body);
    EXPECT_EQ(all.at("status").as_string(), "success");
    return all.at("data").as_array();
  }
  sim::peer::HttpResponse discover(std::string host) {
    auto client = it.new_scraper();
    client->set_host(std::move(host));
    client->get("/sd");
    return it.wait_for(*client);
  }
  json::array discovery() { return json::parse(discover("proxy").body).as_array(); }

  ServerWorld it;
};

// ---- A page of one's own.

TEST_F(ClientPagesTest, AClientHasAPageOfItsOwn) {
  add("a_total 1\n", named("a"));
  add("b 2\n", named("b"));
  const auto page = it.get(path_of("a"));
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "# TYPE a_total untyped\na_total 1\n");
  EXPECT_EQ(it.get(path_of("b"), "Accept: application/openmetrics-text\r\n").body,
            "# TYPE b unknown\nb 2\n# EOF\n");
}

TEST_F(ClientPagesTest, AClientWithoutANameIsFoundByItsAddress) {
  add("a 1\n");
  const std::string host = it.last_host().to_string();
  const std::string id(table().at(0).at("id").as_string());
  EXPECT_EQ(id.substr(0, id.find(':')), host);
  EXPECT_EQ(it.get("/metrics/clients/" + id).body, "# TYPE a untyped\na 1\n");
}

TEST_F(ClientPagesTest, ASlowClientIs504AtTheScrapersDeadlineAndCostsNobodyElse) {
  add("a 1\n", named("a")).hang();
  add("b 2\n", named("b"));
  const base::Instant asked = it.world.now();
  const auto page = it.get(path_of("a"), "X-Prometheus-Scrape-Timeout-Seconds: 4\r\n");
  EXPECT_EQ(page.status, 504);
  EXPECT_EQ(page.body, "it did not answer in time\n");
  EXPECT_LT(it.world.now() - asked, 4s);
  EXPECT_GT(it.world.now() - asked, 3s);
  EXPECT_EQ(it.get(path_of("b")).status, 200);
}

TEST_F(ClientPagesTest, ABadPayloadIs502WithItsReason) {
  Application& application = add("a 1\nb\n", named("a"));
  const auto page = it.get(path_of("a"));
  EXPECT_EQ(page.status, 502);
  EXPECT_EQ(page.body, "line 2: invalid value\n");
  application.set_text("a 1\n");
  EXPECT_EQ(it.get(path_of("a")).status, 200);
}

TEST_F(ClientPagesTest, WhoNobodyKnowsIs404) {
  EXPECT_EQ(it.get("/metrics/clients/").status, 404);
  EXPECT_EQ(it.get("/metrics/clients/10.0.0.9:1").status, 404);
}

TEST_F(ClientPagesTest, WhoVanishedIs504ForTheGraceAndThen404) {
  add("a 1\n", named("a"));
  it.world.lose_host(it.last_host());
  it.world.run_for(2min);  // its lifetime is over
  EXPECT_EQ(it.get(path_of("a")).status, 504);
  EXPECT_EQ(discovery().size(), 2U) << "still a target, so that its `up` is 0";
  it.world.run_for(5min);
  EXPECT_EQ(it.get(path_of("a")).status, 404);
  EXPECT_EQ(discovery().size(), 1U);
}

TEST_F(ClientPagesTest, WhoLeftIsGoneAtOnce) {
  add("a 1\n", named("a")).agent().close();
  it.world.run_for(1s);
  EXPECT_EQ(it.get(path_of("a")).status, 404);
  EXPECT_EQ(discovery().size(), 1U);
}

TEST_F(ClientPagesTest, WhoPushedIsGoneAtOnceAndItsPushIsATarget) {
  it.push("a 1\n");
  EXPECT_EQ(discovery().size(), 1U);
  EXPECT_EQ(discovery()[0].at("labels").at("__metrics_path__").as_string(), "/metrics/pushes");
}

TEST_F(ClientPagesTest, HeadAsksNobody) {
  Application& application = add("a 1\n", named("a"));
  auto client = it.new_scraper();
  client->request("HEAD", path_of("a"));
  EXPECT_EQ(it.wait_for(*client).status, 200);
  EXPECT_EQ(application.asked(), 0U);
}

TEST_F(ClientPagesTest, ScrapesThatComeTogetherShareAPull) {
  Application& application = add("a 1\n", named("a"));
  auto one = it.new_scraper();
  auto two = it.new_scraper();
  one->get(path_of("a"));
  two->get(path_of("a"));
  EXPECT_EQ(it.wait_for(*one).status, 200);
  EXPECT_EQ(it.wait_for(*two).status, 200);
  EXPECT_EQ(application.asked(), 1U);
  it.world.run_for(1s);
  EXPECT_EQ(it.get(path_of("a")).status, 200);
  EXPECT_EQ(application.asked(), 2U);
}

TEST_F(ClientPagesTest, AScraperWithHardlyAnyTimeSaysNothingOfAClient) {
  add("a 1\n", named("a")).hang();
  EXPECT_EQ(it.get(path_of("a"), "X-Prometheus-Scrape-Timeout-Seconds: 0.01\r\n").status, 504);
  EXPECT_FALSE(table().at(0).as_object().contains("last_scrape"));
}

// ---- Pushes by themselves.

TEST_F(ClientPagesTest, APushIsShownOnceOnThePageOfPushesToo) {
  it.push("a 1\n");
  add("b 2\n");
  EXPECT_EQ(it.get("/metrics/pushes?scraper=x").body, "# TYPE a untyped\na 1\n");
  it.world.run_for(1min);
  EXPECT_EQ(it.get("/metrics/pushes?scraper=x").body, "");
  EXPECT_EQ(it.get("/metrics/connected?scraper=x").body,
            "# TYPE b untyped\nb 2\n# TYPE a untyped\na 1\n");
}

// ---- Service discovery.

TEST_F(ClientPagesTest, ANamedClientIsATargetWithItsJobAndInstance) {
  add("a 1\n", named("host-1", "one", {{"env", "prod"}}));
  const json::array targets = json::parse(discover("proxy.example:8080").body).as_array();
  ASSERT_EQ(targets.size(), 2U);
  EXPECT_EQ(targets[0].at("targets"), json::array{"proxy.example:8080"});
  const json::object& labels = targets[0].at("labels").as_object();
  EXPECT_EQ(labels.at("__metrics_path__").as_string(), path_of("host-1"));
  EXPECT_EQ(labels.at("job").as_string(), "job");
  EXPECT_EQ(labels.at("instance").as_string(), "host-1");
  EXPECT_EQ(labels.at("__meta_prometheus_rsocket_label_env").as_string(), "prod");
  EXPECT_EQ(labels.at("__meta_prometheus_rsocket_transport").as_string(), "tcp");
}

TEST_F(ClientPagesTest, AClientWithoutANameIsATargetByItsAddress) {
  add("a 1\n");
  const json::object labels = discovery()[0].at("labels").as_object();
  EXPECT_FALSE(labels.contains("job"));
  EXPECT_EQ(labels.at("instance"), labels.at("__meta_prometheus_rsocket_address"));
}

TEST_F(ClientPagesTest, AHostThatIsNoAddressIsRefused) {
  for (const auto host : {"a b", "a/b", "a@b", "\"a\""}) {
    const auto refused = discover(host);
    EXPECT_EQ(refused.status, 400) << host;
    EXPECT_EQ(refused.body, "Host is no address: set --web.external-address\n");
  }
}

TEST(Discovery, SendsScrapersWhereItIsTold) {
  Config config;
  config.web_external_address = "metrics.example:443";
  ServerWorld it(config);
  const json::array targets = json::parse(it.get("/sd").body).as_array();
  EXPECT_EQ(targets.at(0).at("targets"), json::array{"metrics.example:443"});
}

// ---- The table.

TEST_F(ClientPagesTest, TheTableTellsOfEachClient) {
  add("a 1\nb 2\n", named("a", "one", {{"env", "prod"}}));
  it.add_application("c\n", TransportKind::kWebSocket);
  EXPECT_FALSE(table().at(0).as_object().contains("last_scrape"));
  static_cast<void>(it.scrape());
  const json::array clients = table();
  ASSERT_EQ(clients.size(), 2U);
  EXPECT_EQ(clients[0].at("instance").as_string(), "a");
  EXPECT_EQ(clients[0].at("labels").at("env").as_string(), "prod");
  EXPECT_EQ(clients[0].at("transport").as_string(), "tcp");
  EXPECT_EQ(clients[0].at("shares_name").as_bool(), false);
  EXPECT_EQ(clients[0].at("last_scrape").at("outcome").as_string(), "success");
  EXPECT_EQ(clients[0].at("last_scrape").at("samples").as_int64(), 2);
  EXPECT_GT(clients[0].at("last_scrape").at("payload_bytes").as_int64(), 256);
  EXPECT_EQ(clients[1].at("transport").as_string(), "websocket");
  EXPECT_EQ(clients[1].at("last_scrape").at("outcome").as_string(), "error");
  EXPECT_EQ(clients[1].at("last_scrape").at("reason").as_string(), "line 1: invalid value");
  EXPECT_EQ(clients[1].at("last_scrape").at("quarantined").as_bool(), true);
  const std::string since(clients[0].at("connected_at").as_string());
  EXPECT_EQ(since.size(), std::string_view("2026-01-01T00:00:00.000Z").size()) << since;
}

TEST_F(ClientPagesTest, ALongTableIsWholeJson) {
  for (int i = 0; i < 450; ++i) add("a 1\n", named(std::to_string(i)));
  EXPECT_EQ(table().size(), 450U);
  EXPECT_EQ(discovery().size(), 451U);
}

TEST_F(ClientPagesTest, ANameThatIsNoGoodIsNotTakenAndSaid) {
  agent::Config config = named("a");
  config.setup.payload.metadata = base::copy(base::as_bytes(R"({"job":""})"));
  add("a 1\n", config);
  EXPECT_EQ(table().at(0).at("identity_error").as_string(), "job is empty");
  EXPECT_EQ(it.scrape(), "# TYPE a untyped\na 1\n");
  EXPECT_EQ(it.proxy->count_log("a client's name is not taken"), 1U);
}

TEST_F(ClientPagesTest, ANamedClientHasAnUpOfItsOwn) {
  add("a 1\n", named("a"));
  add("b\n", named("b"));
  add("c 1\n");
  EXPECT_EQ(it.metric("prometheus_proxy_client_up{job=\"job\",instance=\"a\"}"), "none");
  static_cast<void>(it.scrape());
  EXPECT_EQ(it.metric("prometheus_proxy_client_up{job=\"job\",instance=\"a\"}"), "1");
  EXPECT_EQ(it.metric("prometheus_proxy_client_up{job=\"job\",instance=\"b\"}"), "0");
}

// ---- --labels.identity

TEST(Identity, StandsOnEverySampleWhereItIsWanted) {
  Config config;
  config.labels_identity = true;
  ServerWorld it(config);
  it.add_application("a 1\n", TransportKind::kTcp, named("x"));
  it.world.run_for(1s);
  it.add_application("a{job=\"own\"} 2\n", TransportKind::kTcp, named("y"));
  it.world.run_for(1s);
  it.add_application("a 3\n");
  const std::string host = it.last_host().to_string();
  const std::string page = it.scrape();
  EXPECT_EQ(page.substr(0, page.find(host)),
            "# TYPE a untyped\na{job=\"job\",instance=\"x\"} 1\n"
            "a{job=\"job\",instance=\"y\",exported_job=\"own\"} 2\na{instance=\"");
  it.world.run_for(1min);
  EXPECT_EQ(it.scrape(), page) << "read by the last one";
}

// Without a name it has no job: else whoever gives none could write any job on its samples.
TEST(Identity, OfAClientWithoutANameIsItsAddressAndNoJobOfItsOwn) {
  Config config;
  config.labels_identity = true;
  ServerWorld it(config);
  it.add_application("a{job=\"another's\",instance=\"another's\"} 1\n");
  const std::string host = it.last_host().to_string();
  const std::string page = it.scrape();
  EXPECT_TRUE(page.starts_with("# TYPE a untyped\na{instance=\"" + host + ":")) << page;
  EXPECT_TRUE(page.ends_with("\",exported_job=\"another's\",exported_instance=\"another's\"} 1\n"))
      << page;
}

TEST(Identity, ThatMakesATextTooLongCostsThatText) {
  Config config;
  config.labels_identity = true;
  config.uncompressed_bytes_max = 20;
  ServerWorld it(config);
  it.add_application("a 1\nb 2\n", TransportKind::kTcp, named("x"));
  EXPECT_EQ(it.scrape(), "");
  EXPECT_EQ(it.metric("prometheus_proxy_quarantined_payloads_total{reason=\"too_large\"}"), "1");
}

// It ended the proxy: a NUL in a label makes no text that can be read.
TEST(Identity, WithANulIsNotTakenAndTheSamplesStandUnderItsAddress) {
  Config config;
  config.labels_identity = true;
  ServerWorld it(config);
  it.add_application("a 1\n", TransportKind::kTcp, named(std::string("\0", 1)));
  const std::string host = it.last_host().to_string();
  EXPECT_THAT(it.scrape(), testing::StartsWith("# TYPE a untyped\na{instance=\"" + host + ":"));
  EXPECT_EQ(it.get("/sd").body.find("\\u0000"), std::string::npos);
}

// ---- Whose name it is.

TEST_F(ClientPagesTest, TheSameProcessReplacesItsOldConnection) {
  add("a 1\n", named("a"));
  add("a 2\n", named("a"));
  it.world.run_for(100ms);
  ASSERT_EQ(table().size(), 1U);
  EXPECT_EQ(it.scrape(), "# TYPE a untyped\na 2\n");
}

TEST_F(ClientPagesTest, AnotherProcessUnderTheNameDoesNotReplaceOneThatAnswers) {
  add("a 1\n", named("a", "one"));
  add("b 2\n", named("a", "two"));
  it.world.run_for(5s);
  const json::array clients = table();
  ASSERT_EQ(clients.size(), 2U);
  EXPECT_TRUE(clients[0].at("shares_name").as_bool());
  EXPECT_TRUE(clients[1].at("shares_name").as_bool());
  EXPECT_EQ(it.get(path_of("a")).body, "# TYPE a untyped\na 1\n") << "the longest-connected";
}

// It may be about to leave the proxy that it comes from, once it is asked here: for a page.
TEST_F(ClientPagesTest, WhoHasJustComeIsNotAskedForWhoeverClaimsItsName) {
  Application& application = add("a 1\n", named("a", "one"));
  add("b 2\n", named("a", "two"));
  it.world.run_for(2s);
  EXPECT_EQ(application.asked(), 0U);
  EXPECT_EQ(table().size(), 2U);
}

TEST_F(ClientPagesTest, NobodyIsAskedAgainAndAgainForWhoeverClaimsItsName) {
  Application& application = add("a 1\n", named("a", "one"));
  it.world.run_for(31s);
  for (int i = 0; i < 5; ++i) add("b 2\n", named("a", "other " + std::to_string(i)));
  it.world.run_for(2s);
  EXPECT_EQ(application.asked(), 1U);
}

TEST_F(ClientPagesTest, WhoseLastScrapeWasGoodKeepsItsNameThoughItIsSlow) {
  Application& application = add("a 1\n", named("a", "one"));
  static_cast<void>(it.scrape());
  application.hang();
  add("b 2\n", named("a", "two"));
  it.world.run_for(2s);
  EXPECT_EQ(table().size(), 2U);
}

TEST_F(ClientPagesTest, AnotherProcessUnderTheNameReplacesOneThatDoesNotAnswer) {
  add("a 1\n", named("a", "one")).hang();
  it.world.run_for(31s);
  add("b 2\n", named("a", "two"));
  it.world.run_for(1500ms);
  ASSERT_EQ(table().size(), 1U);
  EXPECT_EQ(it.scrape(), "# TYPE b untyped\nb 2\n");
}

}  // namespace
}  // namespace prometheus_rsocket::server
