// Who may talk to the server: users and rates over HTTP, tokens and names over RSocket.
#include "server/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/limits.h"
#include "server_world.h"
#include "sim/peer/rsocket_bytes.h"
#include "transport/limits.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// `secret`, at bcrypt's lowest cost.
constexpr const char* kHash = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
constexpr std::string_view kGood = "Authorization: Basic YWxpY2U6c2VjcmV0\r\n";          // alice
constexpr std::string_view kWrong = "Authorization: Basic YWxpY2U6c2VjcmV1\r\n";         // alice
constexpr std::string_view kStranger = "Authorization: Basic bWFsbG9yeTpzZWNyZXQ=\r\n";  // mallory

// What a test says.
class Said final : public AccessSource {
 public:
  LoadedAccess load() override {
    ++loads;
    changed = false;
    LoadedAccess access{std::make_shared<const WebAccess>(web),
                        std::make_shared<const ClientAccess>(clients)};
    if (!wrong.empty()) access.web = wrong;
    return access;
  }
  bool has_changed() override { return changed; }

  WebAccess web;
  ClientAccess clients;
  std::string wrong;  // with the half for HTTP
  bool changed = false;
  int loads = 0;
};

struct AccessWorld : ServerWorld {
  explicit AccessWorld(Said& said, Config settings = {}, sim::Config network = {})
      : ServerWorld(std::move(settings), std::move(network), 1, 2, &said) {}

  [[nodiscard]] int status(std::string_view path, std::string_view headers = "") {
    return get(path, headers).status;
  }
};

Config with(bool Config::*wanted) {
  Config config;
  config.*wanted = true;
  return config;
}

Said with_users() {
  Said said;
  said.web.users = {{"alice", kHash}};
  return said;
}

// ---- HTTP

TEST(WebAccessTest, WhereThereAreUsersNobodyElseGetsAnything) {
  Said said = with_users();
  AccessWorld it(said);
  for (const std::string path :
       {"/metrics/connected", "/metrics/pushes", "/metrics/proxy", "/sd", "/api/v1/clients",
        "/metrics/clients/x", "/-/healthy", "/nothing"}) {
    const auto answer = it.get(path);
    EXPECT_EQ(answer.status, 401) << path;
    EXPECT_EQ(it.status(path, kWrong), 401) << path;
    EXPECT_EQ(it.status(path, kStranger), 401) << path;
  }
  EXPECT_EQ(it.status("/metrics/connected", kGood), 200);
}

TEST(WebAccessTest, WhoIsRefusedIsToldHowToAsk) {
  Said said = with_users();
  AccessWorld it(said);
  EXPECT_EQ(it.get("/sd").headers["www-authenticate"], "Basic");
}

TEST(WebAccessTest, APasswordThatWasRightIsNotLookedAtAgain) {
  Said said = with_users();
  AccessWorld it(said);
  EXPECT_EQ(it.status("/sd", kGood), 200);
  const auto scraper = it.new_scraper();
  const base::Instant began = it.world.now();
  scraper->get("/sd", kGood);
  EXPECT_EQ(it.wait_for(*scraper).status, 200);
  EXPECT_LT(it.world.now() - began, 50ms) << "looking takes 70 ms here";
}

TEST(WebAccessTest, APasswordThatWasChangedIsLookedAtAgain) {
  Said said = with_users();
  AccessWorld it(said);
  EXPECT_EQ(it.status("/sd", kGood), 200);
  said.web.users = {{"alice", "$2b$04$abcdefghijklmnopqrstuu0HtfOlPbTiymk5tcV.3TsFPDd3SYZqu"}};
  it.proxy->raise(runtime::Signal::kReload);
  it.world.run_for(1s);
  EXPECT_EQ(it.status("/sd", kGood), 401);
}

TEST(WebAccessTest, WhilePasswordsAreLookedAtScrapesOfOthersGoOn) {
  Said said = with_users();
  AccessWorld it(said);
  EXPECT_EQ(it.status("/sd", kGood), 200);
  std::vector<std::unique_ptr<sim::peer::HttpClient>> guessers;
  for (std::size_t i = 0; i < 2 * kPasswordsWaitingMax; ++i) {  // each from a host of its own
    guessers.push_back(it.new_scraper());
    guessers.back()->get("/sd", kWrong);
  }
  it.world.run_for(50ms);
  EXPECT_EQ(it.status("/sd", kGood), 200);
  std::size_t busy = 0;
  for (const auto& guesser : guessers) {
    const int status = it.wait_for(*guesser).status;
    EXPECT_THAT(status, testing::AnyOf(401, 503));
    if (status == 503) ++busy;
  }
  EXPECT_EQ(busy, kPasswordsWaitingMax);
}

TEST(WebAccessTest, WhoGuessesKeepsNobodyOutWhosePasswordIsNotKnownYet) {
  Said said = with_users();
  AccessWorld it(said);
  runtime::Shard& host = it.new_host();
  std::vector<std::unique_ptr<sim::peer::HttpClient>> guesses;
  for (std::size_t i = 0; i < 2 * kPasswordsWaitingMax; ++i) {
    guesses.push_back(std::make_unique<sim::peer::HttpClient>(host, kHttp));
    guesses.back()->get("/sd", kWrong);
  }
  it.world.run_for(50ms);
  EXPECT_EQ(it.status("/sd", kGood), 200);
}

// Forty addresses with four guesses each, one after the other: 160 at any time, when 64 may wait.
struct Guessers {
  explicit Guessers(ServerWorld& world) : it(world) {
    for (int i = 0; i < 40; ++i) {
      runtime::Shard& host = it.new_host();
      for (int k = 0; k < 4; ++k) {
        clients.push_back(std::make_unique<sim::peer::HttpClient>(host, kHttp));
        guess(*clients.back());
      }
    }
  }
  static void guess(sim::peer::HttpClient& client) {
    client.get("/sd", "X-Prometheus-Scrape-Timeout-Seconds: 120\r\n" + std::string(kWrong));
  }
  // Lets them guess on, until `there` or so much time is over.
  bool run_until(const std::function<bool()>& there, base::Duration time) {
    const base::Instant end = it.world.now() + time;
    while (!there() && it.world.now() < end) {
      it.world.run_for(10ms);
      for (const auto& client : clients) {
        if (client->response()) guess(*client);
      }
    }
    return there();
  }

  ServerWorld& it;
  std::vector<std::unique_ptr<sim::peer::HttpClient>> clients;
};

// Those of nine addresses made all who came for the first time busy.
TEST(WebAccessTest, WhoGuessFromManyAddressesKeepNobodyOutWhosePasswordIsNotKnownYet) {
  Said said = with_users();
  AccessWorld it(said);
  Guessers guessers(it);
  EXPECT_FALSE(guessers.run_until([] { return false; }, 5s));
  const auto scraper = it.new_scraper();
  scraper->get("/sd", kGood);
  const auto one_turn_each = 42 * it.password_time.end_work();
  EXPECT_TRUE(guessers.run_until([&] { return scraper->response().has_value(); }, one_turn_each));
  ASSERT_TRUE(scraper->response());
  EXPECT_EQ(scraper->response()->status, 200);
}

TEST(WebAccessTest, APasswordIsNotWaitedForLongerThanItsRequestIs) {
  Said said = with_users();
  AccessWorld it(said);
  it.password_time = WorkTime(3s);
  std::vector<std::unique_ptr<sim::peer::HttpClient>> guessers;
  for (int i = 0; i < 10; ++i) {
    guessers.push_back(it.new_scraper());
    guessers.back()->get("/sd", kWrong);
  }
  it.world.run_for(100ms);
  const auto scraper = it.new_scraper();
  scraper->get("/sd", "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n" + std::string(kGood));
  EXPECT_TRUE(it.world.run_until([&] { return scraper->response().has_value(); }, 10s));
  ASSERT_TRUE(scraper->response());
  EXPECT_EQ(scraper->response()->status, 503);
}

// Prometheus had given up by the time that the page came.
TEST(WebAccessTest, TheTimeThatAPasswordTakesIsNotGivenTheClientsAgain) {
  Said said = with_users();
  AccessWorld it(said);
  it.add_application(gauge("a", 1));
  it.add_application(gauge("b", 1)).hang();
  it.password_time = WorkTime(4s);
  const auto scraper = it.new_scraper();
  const base::Instant start = it.world.now();
  scraper->get("/metrics/connected",
               "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n" + std::string(kGood));
  EXPECT_EQ(it.wait_for(*scraper).body, gauge("a", 1));
  EXPECT_LT(it.world.now() - start, 10s);
}

TEST(WebAccessTest, WhoHasNoTimeLeftWhenThePasswordWasLookedAtIsToldSo) {
  Said said = with_users();
  AccessWorld it(said);
  it.password_time = WorkTime(9s);
  const auto scraper = it.new_scraper();
  scraper->get("/metrics/connected",
               "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n" + std::string(kGood));
  EXPECT_EQ(it.wait_for(*scraper).status, 503);
  EXPECT_THAT(scraper->response()->body, HasSubstr("no time"));
}

// The file was read again in between.
TEST(WebAccessTest, AUserWhoIsGoneWhenThePasswordWasLookedAtIsNotLetIn) {
  Said said = with_users();
  AccessWorld it(said);
  const auto scraper = it.new_scraper();
  scraper->get("/sd", kGood);
  it.world.run_for(30ms);  // it is being looked at
  EXPECT_FALSE(scraper->response());
  said.web.users = {{"bob", kHash}};
  it.proxy->raise(runtime::Signal::kReload);
  EXPECT_EQ(it.wait_for(*scraper).status, 401);
}

TEST(WebAccessTest, HealthIsForAnybodyWhereThatIsWanted) {
  Said said = with_users();
  AccessWorld it(said, with(&Config::web_health_without_auth));
  EXPECT_EQ(it.status("/-/healthy"), 200);
  EXPECT_EQ(it.status("/-/ready"), 200);
  EXPECT_EQ(it.status("/-/ready/../../sd"), 401);
  EXPECT_EQ(it.status("/sd"), 401);
}

TEST(WebAccessTest, AUserIsAScraperWhereverTheyComeFrom) {
  Said said = with_users();
  AccessWorld it(said);
  it.push(gauge("a", 1));
  EXPECT_EQ(it.get("/metrics/connected", kGood).body, gauge("a", 1));
  EXPECT_EQ(it.get("/metrics/connected", kGood).body, "") << "from another host";
}

TEST(WebAccessTest, RequestsBeyondTheRateAreRefused) {
  Said said;
  said.web.rate_limit = access::RateLimit{.interval = 1s, .burst = 3};
  AccessWorld it(said);
  std::vector<int> statuses;
  for (int i = 0; i < 4; ++i) statuses.push_back(it.status("/-/healthy"));
  EXPECT_THAT(statuses, testing::ElementsAre(200, 200, 200, 429));
  it.world.run_for(1s);
  EXPECT_EQ(it.status("/-/healthy"), 200);
}

TEST(WebAccessTest, AnotherRateBeginsAnew) {
  Said said;
  said.web.rate_limit = access::RateLimit{.interval = 1h, .burst = 1};
  AccessWorld it(said);
  EXPECT_EQ(it.status("/-/healthy"), 200);
  EXPECT_EQ(it.status("/-/healthy"), 429);
  said.web.rate_limit = access::RateLimit{.interval = 1s, .burst = 1};
  it.proxy->raise(runtime::Signal::kReload);
  it.world.run_for(1s);
  EXPECT_EQ(it.status("/-/healthy"), 200);
}

TEST(WebAccessTest, NoRateKeepsTheHealthFromWhomItIsOpenTo) {
  Said said;
  said.web.rate_limit = access::RateLimit{.interval = 1h, .burst = 1};
  AccessWorld it(said, with(&Config::web_health_without_auth));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(it.status("/-/healthy"), 200);
}

TEST(WebAccessTest, ANameThatAScraperGivesItselfIsAmongItsUsersOwn) {
  Said said = with_users();
  said.web.users["bob"] = kHash;
  constexpr std::string_view kBob = "Authorization: Basic Ym9iOnNlY3JldA==\r\n";
  AccessWorld it(said);
  it.push(gauge("a", 1));
  const std::string_view page = "/metrics/connected?scraper=a";
  EXPECT_EQ(it.get(page, kBob).body, gauge("a", 1));
  EXPECT_EQ(it.get(page, kGood).body, gauge("a", 1));
  EXPECT_EQ(it.get(page, kGood).body, "");
}

TEST(WebAccessTest, EveryAnswerHasTheConfiguredHeaders) {
  Said said = with_users();
  said.web.headers = {{"X-Frame-Options", "deny"}};
  AccessWorld it(said);
  for (const std::string_view headers : {kGood, kWrong}) {
    EXPECT_EQ(it.get("/sd", headers).headers["x-frame-options"], "deny");
  }
  sim::peer::RawPeer peer(it.new_host(), kHttp);
  peer.send("nonsense\r\n\r\n");
  EXPECT_TRUE(it.world.run_until([&] { return peer.ended().failed(); }));
  EXPECT_THAT(peer.received(), HasSubstr("X-Frame-Options: deny"));
}

// ---- Reading again

TEST(Reload, AWrongFileLeavesEverythingAsItWasAndSaysSo) {
  Said said = with_users();
  AccessWorld it(said);
  said.wrong = "/etc/web.yml:3:1: nonsense";
  said.web.users.clear();
  it.proxy->raise(runtime::Signal::kReload);
  it.world.run_for(1s);
  EXPECT_EQ(it.status("/sd"), 401);
  EXPECT_THAT(it.get("/metrics/proxy", kGood).body,
              HasSubstr("\nprometheus_proxy_config_last_reload_successful 0\n"));
  EXPECT_EQ(it.proxy->count_log("/etc/web.yml:3:1: nonsense"), 1U);
  said = with_users();
  it.proxy->raise(runtime::Signal::kReload);
  it.world.run_for(1s);
  EXPECT_THAT(it.get("/metrics/proxy", kGood).body,
              HasSubstr("\nprometheus_proxy_config_last_reload_successful 1\n"));
}

TEST(Reload, OpensNothing) {
  WebAccess web;
  web.users = {{"alice", kHash}};
  EXPECT_EQ(opened_by(web, web), "");
  EXPECT_EQ(opened_by(WebAccess{}, web), "");
  EXPECT_THAT(opened_by(web, WebAccess{}), HasSubstr("a user was asked for"));
  ClientAccess clients;
  clients.tokens = {{access::sha256("a-good-token-0001"), {}}};
  EXPECT_EQ(opened_by(clients, clients), "");
  EXPECT_EQ(opened_by(ClientAccess{}, clients), "");
  EXPECT_THAT(opened_by(clients, ClientAccess{}),
              HasSubstr("a token or certificate was asked for"));
}

template <class Half>
Half with_proof(runtime::ClientCertificates certificate, bool of_names) {
  Half half;
  half.proof = {certificate, of_names};
  return half;
}

template <class Half>
void expect_that_less_is_not_taken(std::string_view reason) {
  using runtime::ClientCertificates;
  const auto verified = with_proof<Half>(ClientCertificates::kRequireAndVerify, false);
  const auto named = with_proof<Half>(ClientCertificates::kRequireAndVerify, true);
  EXPECT_EQ(opened_by(named, named), "");
  EXPECT_EQ(opened_by(verified, named), "");
  EXPECT_EQ(opened_by(with_proof<Half>(ClientCertificates::kNone, false), verified), "");
  EXPECT_THAT(opened_by(named, verified), HasSubstr(reason));
  for (const ClientCertificates less :
       {ClientCertificates::kNone, ClientCertificates::kRequest, ClientCertificates::kRequireAny,
        ClientCertificates::kVerifyIfGiven}) {
    EXPECT_THAT(opened_by(verified, with_proof<Half>(less, false)), HasSubstr(reason));
  }
}

TEST(Reload, AsksNoLessOfCertificates) {
  expect_that_less_is_not_taken<WebAccess>("more was asked of certificates over HTTP");
  expect_that_less_is_not_taken<ClientAccess>("more was asked of clients' certificates");
}

TEST(Reload, AHalfThatIsWrongStaysAsItWasAndTheOtherIsTaken) {
  Said said = with_users();
  AccessWorld it(said);
  said.wrong = "/etc/web.yml:3:1: nonsense";
  said.web.users.clear();
  said.clients.tokens = {{access::sha256("a-good-token-0001"), {}}};
  said.changed = true;
  it.world.run_for(10min);
  EXPECT_EQ(it.proxy->count_log("/etc/web.yml:3:1: nonsense"), 1U);
  EXPECT_EQ(it.status("/sd"), 401);
  const Application refused(it.new_host(), "", transport::TransportKind::kTcp, agent::Config{});
  it.world.run_for(1s);
  const std::string page = it.get("/metrics/proxy", kGood).body;
  EXPECT_THAT(page,
              HasSubstr("prometheus_proxy_connections_refused_total{reason=\"not_allowed\"} 1"));
  EXPECT_THAT(page, HasSubstr("\nprometheus_proxy_config_last_reload_successful 0\n"));
}

TEST(Reload, OfAFileThatIsEmptyNowLeavesEverythingAsItWas) {
  Said said = with_users();
  AccessWorld it(said);
  said.web.users.clear();
  it.proxy->raise(runtime::Signal::kReload);
  it.world.run_for(1s);
  EXPECT_EQ(it.status("/sd"), 401);
  EXPECT_EQ(it.proxy->count_log("a user was asked for"), 1U);
}

TEST(Reload, AFileThatHasChangedIsReadByItself) {
  Said said;
  AccessWorld it(said);
  EXPECT_EQ(it.status("/sd"), 200);
  said.web.users = {{"alice", kHash}};
  said.changed = true;
  it.world.run_for(kAccessLookInterval + 1s);
  EXPECT_EQ(it.status("/sd"), 401);
  const int loads = said.loads;
  it.world.run_for(10min);
  EXPECT_EQ(said.loads, loads) << "while nothing changes";
}

// What it has shown of itself was judged by what was asked then: it comes again.
TEST(Reload, EndsIdleConnectionsFromBeforeAtOnce) {
  Said said = with_users();
  AccessWorld it(said);
  const auto scraper = it.new_scraper();
  scraper->get("/sd", kGood);
  EXPECT_EQ(it.wait_for(*scraper).status, 200);
  said.web.proof.settings.emplace();
  it.proxy->raise(runtime::Signal::kReload);
  it.world.run_for(2s);
  EXPECT_TRUE(scraper->peer().ended().failed());
  EXPECT_EQ(it.status("/sd", kGood), 200);
}

TEST(Reload, EndsBusyConnectionsFromBeforeAfterTheirAnswer) {
  Said said = with_users();
  AccessWorld it(said);
  it.add_application(gauge("a", 1)).hang();
  const auto scraper = it.new_scraper();
  scraper->get("/metrics/connected", kGood);
  it.world.run_for(1s);
  said.web.users.emplace("bob", kHash);
  it.proxy->raise(runtime::Signal::kReload);
  it.world.run_for(1s);
  EXPECT_FALSE(scraper->peer().ended().failed());
  it.applications.back()->recover();
  const auto answer = it.wait_for(*scraper);
  EXPECT_EQ(answer.body, gauge("a", 1));
  EXPECT_EQ(answer.headers.at("connection"), "close");
  it.world.run_for(1s);
  EXPECT_TRUE(scraper->peer().ended().failed());
}

TEST(Reload, AnswersNoRequestThatHadBegunToComeBefore) {
  Said said;
  AccessWorld it(said);
  sim::peer::RawPeer peer(it.new_host(), kHttp);
  peer.send("GET /sd HTTP/1.1\r\n");
  it.world.run_for(1s);
  said.web.users = {{"alice", kHash}};
  it.proxy->raise(runtime::Signal::kReload);
  it.world.run_for(1s);
  peer.send("Host: p\r\n\r\n");
  it.world.run_for(1s);
  EXPECT_EQ(peer.received(), "");
  EXPECT_TRUE(peer.ended().failed());
}

// With a renewed certificate, say.
TEST(Reload, ThatAsksTheSameOfScrapersEndsNoneOfTheirConnections) {
  Said said = with_users();
  AccessWorld it(said);
  const auto scraper = it.new_scraper();
  scraper->get("/sd", kGood);
  EXPECT_EQ(it.wait_for(*scraper).status, 200);
  it.proxy->raise(runtime::Signal::kReload);
  it.world.run_for(2s);
  EXPECT_FALSE(scraper->peer().ended().failed());
}

sim::peer::HttpResponse post(ServerWorld& it, std::string_view path) {
  const auto client = it.new_scraper();
  client->request("POST", path);
  return it.wait_for(*client);
}

TEST(Reload, IsNotThereByHttpUnlessThatIsWanted) {
  Said said;
  AccessWorld it(said);
  EXPECT_EQ(post(it, "/-/reload").status, 404);
  EXPECT_EQ(post(it, "/-/quit").status, 404);
}

TEST(Reload, ByHttpSaysWhatIsWrong) {
  Said said;
  AccessWorld it(said, with(&Config::web_lifecycle));
  const int loads = said.loads;
  EXPECT_EQ(post(it, "/-/reload").status, 200);
  EXPECT_EQ(said.loads, loads + 1);
  EXPECT_EQ(it.status("/-/reload"), 405);
  said.wrong = "wrong";
  const auto answer = post(it, "/-/reload");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body, "wrong\n");
}

TEST(Reload, QuitEndsTheProxyAsSigtermDoes) {
  Said said;
  AccessWorld it(said, with(&Config::web_lifecycle));
  const auto client = it.new_scraper();
  client->request("POST", "/-/quit");
  EXPECT_EQ(it.wait_for(*client).status, 200);
  EXPECT_TRUE(it.world.run_until([&] { return it.exit_code.has_value(); }, 1min));
  EXPECT_EQ(it.exit_code, 0);
}

// ---- RSocket

access::TokenGrant token(std::string_view text, std::string job = "*", std::string instance = "*") {
  return {access::sha256(text),
          {"a token", access::Glob(std::move(job)), access::Glob(std::move(instance))}};
}

agent::Config showing(std::string_view token, std::string instance, std::string incarnation) {
  agent::Config config;
  const std::string name = instance.empty() ? ""
                                            : R"("job":"job","instance":")" + instance +
                                                  R"(","incarnation":")" + incarnation + R"(",)";
  config.setup.metadata_mime_type = transport::kIdentityMimeType;
  const std::string json = "{" + name + R"("token":")" + std::string(token) + "\"}";
  config.setup.payload.metadata = base::copy(base::as_bytes(json));
  return config;
}

TEST(ClientAccessTest, WhoShowsAGoodTokenIsServed) {
  Said said;
  said.clients.tokens = {token("a-good-token-0001")};
  AccessWorld it(said);
  it.add_application(gauge("a", 1), transport::TransportKind::kTcp,
                     showing("a-good-token-0001", "i", "one"));
  EXPECT_EQ(it.scrape(), gauge("a", 1));
}

TEST(ClientAccessTest, WhatLetAClientInIsShownByItsName) {
  Said said;
  said.clients.tokens = {token("another-token-02", "job", "mine-*"), token("a-good-token-0001")};
  said.clients.tokens[0].grant.name = "another one";
  AccessWorld it(said);
  it.add_application(gauge("a", 1), transport::TransportKind::kTcp,
                     showing("a-good-token-0001", "i", "one"));
  it.world.run_for(1s);
  EXPECT_THAT(it.get("/api/v1/clients").body, HasSubstr(R"("credential":"a token")"));
}

TEST(ClientAccessTest, ATokenNeedsNoName) {
  Said said;
  said.clients.tokens = {token("a-good-token-0001", "job", "i")};
  AccessWorld it(said);
  it.add_application(gauge("a", 1), transport::TransportKind::kTcp,
                     showing("a-good-token-0001", "", ""));
  EXPECT_EQ(it.scrape(), gauge("a", 1));
}

// Its connection was accepted when nothing was asked for.
TEST(ClientAccessTest, WhoHasNotSaidSetupWhenAccessIsReadAgainIsJudgedByWhatIsAskedNow) {
  Said said;
  AccessWorld it(said);
  sim::peer::RawPeer peer(it.new_host(), kTcp);
  it.world.run_for(1s);
  said.clients.tokens = {token("a-good-token-0001")};
  it.proxy->raise(runtime::Signal::kReload);
  it.world.run_for(1s);
  peer.send(sim::peer::framed(rsocket::Frame{{}, sim::peer::setup_frame()}));
  it.world.run_for(1s);
  EXPECT_EQ(peer.received(), "");
  EXPECT_EQ(it.metric("prometheus_proxy_connections_refused_total{reason=\"not_allowed\"}"), "1");
}

// Nobody shakes hands with it here.
class SomeTls final : public runtime::TlsServer {
  void do_handshake(std::unique_ptr<runtime::Stream>, base::Duration,
                    runtime::Handler<void(runtime::error_code, std::unique_ptr<runtime::Stream>,
                                          runtime::TlsPeer)>) const override {}
};

TEST(ClientAccessTest, WhoHasNotSaidSetupWhenTlsAsksForSomethingElseIsNotServed) {
  Said said;
  AccessWorld it(said);
  sim::peer::RawPeer peer(it.new_host(), kTcp);
  it.world.run_for(1s);
  said.clients.tls = std::make_shared<SomeTls>();
  said.clients.proof.settings.emplace();
  it.proxy->raise(runtime::Signal::kReload);
  it.world.run_for(1s);
  peer.send(sim::peer::framed(rsocket::Frame{{}, sim::peer::setup_frame()}));
  it.world.run_for(1s);
  EXPECT_EQ(peer.received(), "");
  EXPECT_EQ(it.metric("prometheus_proxy_connections_refused_total{reason=\"not_allowed\"}"), "1");
}

// With a connection that is held for 5 to 15 s, and no key.
TEST(ClientAccessTest, WhoShowsNothingOrSomethingElseIsHeldAndThenSentAway) {
  Said said;
  said.clients.tokens = {token("a-good-token-0001", "job", "mine-*")};
  AccessWorld it(said);
  for (const agent::Config& config :
       {named("mine-1"), agent::Config{}, showing("another-token-02", "mine-1", "one"),
        showing("a-good-token-0001", "yours-1", "one")}) {
    Application application(it.new_host(), gauge("a", 1), transport::TransportKind::kTcp, config);
    ASSERT_TRUE(it.world.run_until([&] { return application.agent().connected(); }));
    it.world.run_for(kHoldMin - 1s);
    EXPECT_TRUE(application.agent().connected());
    EXPECT_FALSE(application.agent().has_key());
    EXPECT_EQ(it.scrape(), "");
    it.world.run_for(kHoldMax - kHoldMin + 3s);
    EXPECT_FALSE(application.agent().connected());
  }
  EXPECT_EQ(it.metric("prometheus_proxy_connections_refused_total{reason=\"not_allowed\"}"), "4");
}

TEST(ClientAccessTest, WhoIsRefusedTakesNobodysPlace) {
  Said said;
  said.clients.tokens = {token("a-good-token-0001")};
  Config config;
  config.connections_max = 3;
  AccessWorld it(said, config);
  std::vector<std::unique_ptr<Application>> refused;
  for (std::size_t i = 0; i < config.connections_max; ++i) {
    refused.push_back(std::make_unique<Application>(
        it.new_host(), gauge("bad", 1), transport::TransportKind::kTcp, agent::Config{}));
  }
  it.world.run_for(2s);
  for (std::size_t i = 0; i < config.connections_max; ++i) {
    it.add_application(gauge("a" + std::to_string(i), 1), transport::TransportKind::kTcp,
                       showing("a-good-token-0001", "i" + std::to_string(i), "one"));
  }
  EXPECT_EQ(it.scrape(), gauge("a0", 1) + gauge("a1", 1) + gauge("a2", 1));
  for (const auto& each : refused) EXPECT_TRUE(each->agent().connected()) << "it is held";
  EXPECT_EQ(it.metric("prometheus_proxy_connections_refused_total{reason=\"max_connections\"}"),
            "0");
}

TEST(ClientAccessTest, WhoIsRefusedTakesNobodysPlaceAtItsAddress) {
  Said said;
  said.clients.tokens = {token("a-good-token-0001")};
  Config config;
  config.connections_per_address_max = 1;
  AccessWorld it(said, config);
  runtime::Shard& host = it.new_host();
  const Application refused(host, gauge("bad", 1), transport::TransportKind::kTcp, agent::Config{});
  it.world.run_for(1s);
  const Application good(host, gauge("a", 1), transport::TransportKind::kTcp,
                         showing("a-good-token-0001", "i", "one"));
  it.world.run_for(1s);
  EXPECT_EQ(it.scrape(), gauge("a", 1));
}

// As many as if they had been served: held ones of either kind share what is there.
TEST(ClientAccessTest, WithTooManyThatAreRefusedNoMoreAreAcceptedUntilSomeAreGone) {
  Said said;
  said.clients.tokens = {token("a-good-token-0001")};
  Config config;
  config.connections_max = 10;
  sim::Config network;
  network.backlog = 4096;
  AccessWorld it(said, config, network);
  const std::size_t room = config.connections_max + kHeldMax;
  std::vector<std::unique_ptr<sim::peer::RawPeer>> peers;
  runtime::Shard& host = it.new_host();
  for (std::size_t i = 0; i < room + 50; ++i) {
    peers.push_back(std::make_unique<sim::peer::RawPeer>(host, kTcp));
    peers.back()->send(sim::peer::framed(rsocket::Frame{{}, sim::peer::setup_frame()}));
  }
  const auto refused = [&it] {
    std::size_t sum = 0;
    for (const char* reason : {"not_allowed", "max_connections"}) {
      sum += std::stoul(it.metric("prometheus_proxy_connections_refused_total{reason=\"" +
                                  std::string(reason) + "\"}"));
    }
    return sum;
  };
  it.world.run_for(1s);
  EXPECT_EQ(refused(), room);
  it.world.run_for(2 * kHoldMax + transport::kLingerTime);
  EXPECT_EQ(refused(), room + 50);
  it.add_application(gauge("a", 1), transport::TransportKind::kTcp,
                     showing("a-good-token-0001", "i", "one"));
  EXPECT_EQ(it.scrape(), gauge("a", 1));
}

TEST(ClientAccessTest, WhoIsRefusedIsNotWaitedForWhenTheProxyEnds) {
  Said said;
  said.clients.tokens = {token("a-good-token-0001")};
  AccessWorld it(said);
  const Application refused(it.new_host(), gauge("bad", 1), transport::TransportKind::kTcp,
                            agent::Config{});
  it.world.run_for(1s);
  it.proxy->raise(runtime::Signal::kTerminate);
  it.world.run_for(1s);
  EXPECT_EQ(it.exit_code, 0);
}

// It would take the room of others, who may be here.
TEST(ClientAccessTest, OfWhoIsRefusedNothingIsKept) {
  Said said;
  said.clients.tokens = {token("a-good-token-0001")};
  AccessWorld it(said);
  sim::peer::RawPeer peer(it.new_host(), kTcp);
  peer.send(sim::peer::framed(rsocket::Frame{{}, sim::peer::setup_frame()}));
  const std::string data(100'000, 'x');
  rsocket::RequestFnfFrame push{};
  push.payload.data = base::as_bytes(data);
  push.follows = true;
  for (std::uint32_t stream = 1; stream < 8; stream += 2) {
    peer.send(sim::peer::framed(rsocket::Frame{rsocket::StreamId{stream}, push}));
  }
  it.world.run_for(1s);
  EXPECT_EQ(it.metric("prometheus_proxy_inflight_bytes"), "0");
  EXPECT_GT(peer.unsent(), 0U) << "it is not even read";
}

TEST(ClientAccessTest, AnIdentityThatCannotBeReadIsNoWayToHaveNone) {
  Said said;
  said.clients.tokens = {token("a-good-token-0001", "job", "i")};
  AccessWorld it(said);
  agent::Config config = showing("a-good-token-0001", "i", "");  // an empty incarnation
  Application application(it.new_host(), gauge("a", 1), transport::TransportKind::kTcp, config);
  it.world.run_for(2s);
  EXPECT_FALSE(application.agent().has_key());
}

TEST(ClientAccessTest, WhoHasShownThatANameIsTheirsTakesItAtOnce) {
  Said said;
  said.clients.tokens = {token("a-good-token-0001")};
  AccessWorld it(said);
  Application& before = it.add_application(gauge("a", 1), transport::TransportKind::kTcp,
                                           showing("a-good-token-0001", "i", "one"));
  EXPECT_EQ(it.scrape(), gauge("a", 1));
  it.add_application(gauge("a", 2), transport::TransportKind::kTcp,
                     showing("a-good-token-0001", "i", "two"));
  it.world.run_for(1s);
  EXPECT_FALSE(before.agent().connected());
  EXPECT_EQ(it.scrape(), gauge("a", 2));
}

TEST(ClientAccessTest, ACertificatesNamesGiveTheRightsOfItsGrants) {
  ClientAccess access;
  using Kind = runtime::TlsName::Kind;
  access.certificates = {
      {Kind::kDns, access::Glob("*.shop.example"), {"shop", access::Glob("shop"), {}}}};
  EXPECT_TRUE(access.asks());
  EXPECT_TRUE(access.grants({.names = {{Kind::kDns, "a.other.example"}}, .token = ""}).empty());
  const auto grants = access.grants(
      {.names = {{Kind::kEmail, "x@y"}, {Kind::kDns, "a.shop.example"}}, .token = ""});
  ASSERT_EQ(grants.size(), 1U);
  EXPECT_TRUE(access::find_allowing(grants, "shop", "anything"));
  EXPECT_FALSE(access::find_allowing(grants, "bank", "anything"));
}

}  // namespace
}  // namespace prometheus_rsocket::server
