// The SDK over TLS: whom it speaks to, as whom, and what it never says in clear.
#include "net/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "authority.h"
#include "prometheus_rsocket/client.h"
#include "settings.h"
#include "test_proxy.h"

namespace prometheus_rsocket::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr seconds kPatience{20};
const std::string kToken = "a-secret.Token_0~+/=";

class TlsClientTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "client_tls_test.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    authorities_ = file("authorities.pem", authority_.certificate());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) const {
    const std::string path = folder_ / name;
    std::ofstream(path) << text;
    return path;
  }
  Tls as(const test::Identity& identity) const {
    return {.authorities_file = authorities_,
            .certificate_file = file("certificate.pem", identity.certificates),
            .private_key_file = file("key.pem", identity.private_key)};
  }

  [[nodiscard]] runtime::TlsServerConfig server_config() const {
    const auto identity = authority_.issue();
    runtime::TlsServerConfig config;
    config.certificates = identity.certificates;
    config.private_key = identity.private_key;
    return config;
  }
  static TestProxy::Config proxy_config(const runtime::TlsServerConfig& config,
                                        Transport transport = Transport::kTcp) {
    TestProxy::Config proxy;
    if (transport == Transport::kWebSocket) proxy.transport = transport::TransportKind::kWebSocket;
    proxy.tls = *net::make_tls_server(config);
    return proxy;
  }
  Client::Builder builder_for(const TestProxy& proxy, Tls tls) {
    return builder().port(proxy.port()).tls(std::move(tls));
  }
  Client::Builder builder() {
    return Client::Builder()
        .host("127.0.0.1")
        .timeout(kPatience)
        .retry(Retry::fixed_delay(1, milliseconds(1)))
        .metrics([] { return "up 1\n"; })
        .log([this](LogLevel, std::string_view text) {
          const std::lock_guard lock(mutex_);
          log_.emplace_back(text);
        });
  }
  std::vector<std::string> logged() {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  // It gives up: what it has logged.
  std::vector<std::string> fails_to_connect(const Client::Builder& told) {
    Client client = told.connect();
    EXPECT_FALSE(client.wait_until_ready(kPatience));
    EXPECT_EQ(client.status(), Status::kClosed);
    return logged();
  }

  const test::Authority authority_{"authority"};
  std::filesystem::path folder_;
  std::string authorities_;

 private:
  std::mutex mutex_;
  std::vector<std::string> log_;
};

TEST_F(TlsClientTest, ScrapesAndPushesAreEncryptedOverEachTransport) {
  for (const auto transport : {Transport::kTcp, Transport::kWebSocket}) {
    TestProxy proxy(proxy_config(server_config(), transport));
    auto client = builder_for(proxy, {.authorities_file = authorities_})
                      .transport(transport)
                      .connect_blockingly();
    ASSERT_EQ(client.status(), Status::kReady);
    EXPECT_EQ(proxy.scrape(), "up 1\n");
    EXPECT_EQ(client.push_and_close_blockingly(), PushResult::kPushed);
    EXPECT_THAT(proxy.seen().encrypted_with, testing::SizeIs(1));
  }
}

TEST_F(TlsClientTest, AProxyThatNobodyVouchesForIsNotSpokenTo) {
  TestProxy proxy(proxy_config(server_config()));
  const test::Authority other("other");
  const auto said =
      fails_to_connect(builder_for(proxy, {.authorities_file = file("o", other.certificate())}));
  EXPECT_THAT(said, Contains(testing::AllOf(HasSubstr("tls://127.0.0.1:"),
                                            HasSubstr("unable to get local issuer certificate"))));
  EXPECT_EQ(proxy.seen().connections, 0U);
}

TEST_F(TlsClientTest, TheSystemsAuthoritiesAreTheDefault) {
  TestProxy proxy(proxy_config(server_config()));
  const auto said = fails_to_connect(builder_for(proxy, {}));
  EXPECT_THAT(said, Contains(HasSubstr("unable to get local issuer certificate")));
}

TEST_F(TlsClientTest, AProxyOfAnotherNameIsNotSpokenTo) {
  auto config = server_config();
  const auto identity = authority_.issue({.names = {test::dns("other.example")}});
  config.certificates = identity.certificates;
  config.private_key = identity.private_key;
  TestProxy proxy(proxy_config(config));
  const auto said = fails_to_connect(builder_for(proxy, {.authorities_file = authorities_}));
  EXPECT_THAT(said, Contains(HasSubstr("IP address mismatch")));
}

TEST_F(TlsClientTest, AProxyThatSpeaksInClearIsNotSpokenTo) {
  TestProxy proxy;
  const auto said = fails_to_connect(
      builder_for(proxy, {.authorities_file = authorities_}).connect_timeout(milliseconds(200)));
  EXPECT_THAT(said, Contains(HasSubstr("wrong version number")));
  EXPECT_EQ(proxy.seen().setup_metadata.size(), 0U);
}

TEST_F(TlsClientTest, TheClientShowsItsCertificate) {
  auto config = server_config();
  config.client_certificates = runtime::ClientCertificates::kRequireAndVerify;
  config.client_authorities = authority_.certificate();
  TestProxy proxy(proxy_config(config));
  auto client = builder_for(proxy, as(authority_.issue({.names = {test::dns("app.example")}})))
                    .connect_blockingly();
  ASSERT_EQ(client.status(), Status::kReady);
  using runtime::TlsName;
  EXPECT_THAT(proxy.seen().encrypted_with.front().names,
              ElementsAre(TlsName{TlsName::Kind::kDns, "app.example"}));
}

TEST_F(TlsClientTest, AClientWithoutTheCertificateThatIsWantedIsNotLetIn) {
  auto config = server_config();
  config.client_certificates = runtime::ClientCertificates::kRequireAndVerify;
  config.client_authorities = authority_.certificate();
  TestProxy proxy(proxy_config(config));
  const auto said = fails_to_connect(builder_for(proxy, {.authorities_file = authorities_}));
  // Under TLS 1.3 the client's handshake is over by then.
  EXPECT_THAT(
      said, Contains(testing::AllOf(HasSubstr("Disconnected"), HasSubstr("certificate required"))));
  proxy.wait_until([](const auto& seen) { return seen.refused == 2; });
  EXPECT_EQ(proxy.seen().connections, 0U);
}

// ---- The token

TEST_F(TlsClientTest, TheTokenIsInSetupBesideTheName) {
  TestProxy proxy(proxy_config(server_config()));
  auto client = builder_for(proxy, {.authorities_file = authorities_})
                    .job("batch")
                    .instance("one")
                    .token(kToken)
                    .connect_blockingly();
  ASSERT_EQ(client.status(), Status::kReady);
  const auto metadata = proxy.seen().setup_metadata.front();
  const auto identity = transport::read_introduction(metadata).identity;
  ASSERT_TRUE(identity) << metadata;
  EXPECT_EQ(identity->job, "batch");
  EXPECT_THAT(metadata, HasSubstr(R"("token":"a-secret.Token_0~+/=")"));
}

TEST_F(TlsClientTest, TheTokenOfAClientWithoutANameIsAllThereIs) {
  TestProxy proxy(proxy_config(server_config()));
  auto client =
      builder_for(proxy, {.authorities_file = authorities_}).token(kToken).connect_blockingly();
  ASSERT_EQ(client.status(), Status::kReady);
  EXPECT_THAT(proxy.seen().setup_metadata, ElementsAre(R"({"token":"a-secret.Token_0~+/="})"));
}

TEST_F(TlsClientTest, OverWebSocketTheTokenIsInTheUpgradeAlone) {
  TestProxy proxy(proxy_config(server_config(), Transport::kWebSocket));
  auto client = builder_for(proxy, {.authorities_file = authorities_})
                    .transport(Transport::kWebSocket)
                    .job("batch")
                    .instance("one")
                    .token(kToken)
                    .connect_blockingly();
  ASSERT_EQ(client.status(), Status::kReady);
  const auto seen = proxy.seen();
  EXPECT_THAT(seen.authorizations, ElementsAre("Bearer " + kToken));
  EXPECT_THAT(seen.setup_metadata, ElementsAre(Not(HasSubstr("token"))));
}

TEST_F(TlsClientTest, WithoutATokenNoneIsSent) {
  TestProxy proxy(proxy_config(server_config(), Transport::kWebSocket));
  auto client = builder_for(proxy, {.authorities_file = authorities_})
                    .transport(Transport::kWebSocket)
                    .connect_blockingly();
  ASSERT_EQ(client.status(), Status::kReady);
  EXPECT_THAT(proxy.seen().authorizations, ElementsAre(""));
}

TEST_F(TlsClientTest, ATokenIsNeverSentInClear) {
  for (const auto transport : {Transport::kTcp, Transport::kWebSocket}) {
    TestProxy::Config config;
    if (transport == Transport::kWebSocket) config.transport = transport::TransportKind::kWebSocket;
    TestProxy proxy(config);
    Client client =
        builder().port(proxy.port()).transport(transport).token(kToken).connect_blockingly();
    EXPECT_EQ(client.status(), Status::kClosed);
    EXPECT_EQ(logged().back(), "a token is sent over TLS alone, and tls() was not called");
    EXPECT_EQ(proxy.seen().connections, 0U);
  }
}

TEST_F(TlsClientTest, ATokenIsOneWordOfVisibleAscii) {
  for (const auto* token : {"two words", "line\r\nX-Injected: 1", "caf\xc3\xa9"}) {
    Client client = builder().tls().token(token).connect();
    EXPECT_EQ(client.status(), Status::kClosed);
    EXPECT_EQ(logged().back(), "the token is not of visible ASCII");
  }
  Client client = builder().tls().token(std::string(40'000, 'x')).connect();
  EXPECT_EQ(client.status(), Status::kClosed);
  EXPECT_EQ(logged().back(), "the token is too long");
}

// ---- The files

TEST_F(TlsClientTest, AFileThatCannotBeUsedIsNamed) {
  const auto problem = [&](const Tls& tls) {
    Client client = builder().tls(tls).connect();
    EXPECT_EQ(client.status(), Status::kClosed);
    return logged().back();
  };
  EXPECT_THAT(problem({.authorities_file = folder_ / "none.pem"}),
              HasSubstr("none.pem cannot be read: No such file"));
  EXPECT_THAT(problem({.authorities_file = file("empty.pem", "")}),
              HasSubstr("empty.pem is empty"));
  EXPECT_EQ(problem({.authorities_file = file("junk.pem", "junk")}),
            "TLS: authorities: there is no certificate in PEM");
  EXPECT_EQ(problem({.certificate_file = file("c", authority_.issue().certificates)}),
            "TLS: private_key: there is no private key in PEM");
  auto tls = as(authority_.issue());
  tls.private_key_file = file("other.pem", authority_.issue().private_key);
  EXPECT_EQ(problem(tls), "TLS: private_key is not that of the first of certificates");
}

}  // namespace
}  // namespace prometheus_rsocket::client
