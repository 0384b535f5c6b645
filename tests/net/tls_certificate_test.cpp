// Who is let in, and who a peer is then: certificates of both sides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include "net/tls_error.h"
#include "tls_pair.h"

namespace prometheus_rsocket::net {
namespace {

using namespace std::string_literals;
using boost::system::error_code;
using runtime::ClientCertificates;
using runtime::TlsName;
using test::Identity;
using test::Wishes;
using testing::IsEmpty;

constexpr std::array kAllModes{ClientCertificates::kNone, ClientCertificates::kRequest,
                               ClientCertificates::kRequireAny, ClientCertificates::kVerifyIfGiven,
                               ClientCertificates::kRequireAndVerify};

error_code refused(int reason) { return {reason, certificate_category()}; }

runtime::TlsServerConfig server_with(ClientCertificates mode) {
  auto config = server_config();
  config.client_certificates = mode;
  if (mode != ClientCertificates::kNone) config.client_authorities = authority().certificate();
  return config;
}

// A client with `identity` to a server that verifies; the server's outcome.
error_code outcome_of(const Identity& identity) {
  return Pair(server_with(ClientCertificates::kRequireAndVerify), client_config(identity))
      .handshake.server.error;
}

// ---- The five modes

TEST(TlsCertificates, AClientWithoutACertificateIsLetInWhereNoneIsNeeded) {
  for (const auto mode : kAllModes) {
    const Pair pair(server_with(mode), client_config());
    const bool needed =
        mode == ClientCertificates::kRequireAny || mode == ClientCertificates::kRequireAndVerify;
    EXPECT_EQ(pair.handshake.server.step, needed ? Step::kFailed : Step::kDone);
    EXPECT_THAT(pair.server.engine.peer().names, IsEmpty());
  }
}

TEST(TlsCertificates, AGoodCertificateNamesTheClientWhereItIsVerified) {
  const auto config = client_config(authority().issue({.names = {test::dns("app.example")}}));
  for (const auto mode : kAllModes) {
    const Pair pair(server_with(mode), config);
    ASSERT_TRUE(pair.handshake.is_done());
    const bool verified =
        mode == ClientCertificates::kVerifyIfGiven || mode == ClientCertificates::kRequireAndVerify;
    const std::vector<TlsName> expected{{TlsName::Kind::kDns, "app.example"}};
    EXPECT_EQ(pair.server.engine.peer().names, verified ? expected : std::vector<TlsName>());
  }
}

TEST(TlsCertificates, ACertificateThatNobodyVouchesForIsRefusedWhereItIsVerified) {
  const auto config = client_config(stranger().issue());
  for (const auto mode : kAllModes) {
    const Pair pair(server_with(mode), config);
    const bool verified =
        mode == ClientCertificates::kVerifyIfGiven || mode == ClientCertificates::kRequireAndVerify;
    EXPECT_EQ(pair.handshake.server.step, verified ? Step::kFailed : Step::kDone);
    if (verified) continue;
    EXPECT_THAT(pair.server.engine.peer().names, IsEmpty());
  }
}

// ---- What is wrong with a certificate, and what the client is told

TEST(TlsCertificates, AMissingCertificateIsToldToTheClient) {
  Pair pair(server_with(ClientCertificates::kRequireAndVerify), client_config());
  EXPECT_EQ(pair.handshake.server.error.message(), "TLS: peer did not return a certificate");
  EXPECT_EQ(pair.client.read_all().second.error.message(),
            "TLS: tlsv13 alert certificate required");
}

TEST(TlsCertificates, AStrangersIsOfAnUnknownAuthority) {
  Pair pair(server_with(ClientCertificates::kRequireAndVerify), client_config(stranger().issue()));
  EXPECT_EQ(pair.handshake.server.error, refused(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY));
  EXPECT_EQ(pair.client.read_all().second.error.message(), "TLS: tlsv1 alert unknown ca");
}

TEST(TlsCertificates, AnExpiredOneIsRefused) {
  using std::chrono::hours;
  EXPECT_EQ(outcome_of(authority().issue({.begin = hours(-48), .end = hours(-24)})),
            refused(X509_V_ERR_CERT_HAS_EXPIRED));
  EXPECT_EQ(outcome_of(authority().issue({.begin = hours(24), .end = hours(48)})),
            refused(X509_V_ERR_CERT_NOT_YET_VALID));
}

TEST(TlsCertificates, AServersCertificateIsNotAClients) {
  EXPECT_EQ(outcome_of(authority().issue({.purposes = "serverAuth"})),
            refused(X509_V_ERR_INVALID_PURPOSE));
  EXPECT_EQ(outcome_of(authority().issue({.purposes = "clientAuth"})), error_code());
  EXPECT_EQ(outcome_of(authority().issue({.purposes = ""})), error_code()) << "for any purpose";
}

TEST(TlsCertificates, AnIntermediateAuthorityIsSentAlong) {
  EXPECT_EQ(outcome_of(authority().intermediate("of one").intermediate("of two").issue()),
            error_code());
}

TEST(TlsCertificates, AnIntermediateAuthorityCanBeTrustedByItself) {
  const auto intermediate = authority().intermediate("trusted");
  auto config = server_with(ClientCertificates::kRequireAndVerify);
  config.client_authorities = intermediate.certificate();
  EXPECT_TRUE(Pair(config, client_config(intermediate.issue())).handshake.is_done());
  EXPECT_FALSE(Pair(config, client_config(authority().issue())).handshake.is_done());
}

TEST(TlsCertificates, ALeafIsNoAuthority) {
  const Identity leaf = authority().issue();
  auto config = client_config(stranger().issue());
  config.certificates += leaf.certificates;
  EXPECT_FALSE(
      Pair(server_with(ClientCertificates::kRequireAndVerify), config).handshake.is_done());
}

// ---- Names

Pair named(std::vector<test::AlternativeName> names, std::vector<std::string> allowed = {}) {
  auto config = server_with(ClientCertificates::kRequireAndVerify);
  config.client_names_allowed = std::move(allowed);
  return {config, client_config(authority().issue({.names = std::move(names)}))};
}

TEST(TlsCertificates, NamesOfEveryKindAreTextOfTheirKind) {
  const Pair pair = named({test::dns("app.example"), test::uri("spiffe://example/app"),
                           test::email("ops@app.example"), test::address("192.0.2.7"),
                           test::address("2001:db8::7"), test::address("::ffff:192.0.2.8")});
  using Kind = TlsName::Kind;
  EXPECT_EQ(pair.server.engine.peer().names,
            (std::vector<TlsName>{{Kind::kDns, "app.example"},
                                  {Kind::kUri, "spiffe://example/app"},
                                  {Kind::kEmail, "ops@app.example"},
                                  {Kind::kAddress, "192.0.2.7"},
                                  {Kind::kAddress, "2001:db8::7"},
                                  {Kind::kAddress, "192.0.2.8"}}));
}

TEST(TlsCertificates, OneNameThatIsAllowedIsEnough) {
  const std::vector<test::AlternativeName> names{
      test::dns("app.example"), test::uri("spiffe://example/app"), test::email("ops@app.example"),
      test::address("192.0.2.7")};
  for (const auto* allowed :
       {"app.example", "spiffe://example/app", "ops@app.example", "192.0.2.7"}) {
    EXPECT_TRUE(named(names, {"other.example", allowed}).handshake.is_done()) << allowed;
  }
}

TEST(TlsCertificates, WhoHasNoNameThatIsAllowedIsRefusedAndTold) {
  for (const auto* allowed : {"example", "app.example.", "APP.example", "*.example", "leaf"}) {
    Pair pair = named({test::dns("app.example")}, {allowed});
    EXPECT_EQ(pair.handshake.server.error, refused(kNoNameAllowed)) << allowed;
    EXPECT_EQ(pair.client.read_all().second.error.message(), "TLS: sslv3 alert bad certificate");
  }
  EXPECT_EQ(named({}, {"app.example"}).handshake.server.error, refused(kNoNameAllowed));
}

TEST(TlsCertificates, AWildcardIsANameLikeAnyOther) {
  EXPECT_TRUE(named({test::dns("*.example")}, {"*.example"}).handshake.is_done());
  EXPECT_FALSE(named({test::dns("*.example")}, {"app.example"}).handshake.is_done());
}

TEST(TlsCertificates, AZeroByteDoesNotEndAName) {
  const std::string name = "app.example\0.evil.example"s;
  for (const auto& bad : {test::dns(name), test::uri(name), test::email(name)}) {
    const Pair pair = named({test::dns("good.example"), bad}, {"app.example", "good.example"});
    EXPECT_EQ(pair.handshake.server.error, refused(kMalformedNames));
  }
}

TEST(TlsCertificates, ANameIsPrintable) {
  for (const auto* name : {"", "line\nbreak", "\x1b[2J", "caf\xc3\xa9.example"}) {
    EXPECT_EQ(named({test::dns(name)}).handshake.server.error, refused(kMalformedNames));
  }
}

TEST(TlsCertificates, AnAddressHasItsLength) {
  auto cut = test::address("192.0.2.7");
  cut.bytes.pop_back();
  EXPECT_EQ(named({cut}).handshake.server.error, refused(kMalformedNames));
}

TEST(TlsCertificates, MalformedNamesOfUnverifiedCertificatesMatterToNobody) {
  const auto config = client_config(authority().issue({.names = {test::dns("a\0b"s)}}));
  EXPECT_TRUE(Pair(server_with(ClientCertificates::kRequireAny), config).handshake.is_done());
}

// ---- The server's

error_code client_outcome(const Identity& identity, const std::string& host) {
  return Pair(server_config(identity), client_config(), host).handshake.client.error;
}

TEST(TlsCertificates, AServerIsKnownByItsNameOrItsAddress) {
  const Identity identity =
      authority().issue({.names = {test::dns("proxy.example"), test::address("192.0.2.7"),
                                   test::address("2001:db8::7")}});
  for (const auto* host : {"proxy.example", "PROXY.example", "192.0.2.7", "2001:db8::7"}) {
    EXPECT_EQ(client_outcome(identity, host), error_code()) << host;
  }
  for (const auto* host : {"other.example", "example", "www.proxy.example"}) {
    EXPECT_EQ(client_outcome(identity, host), refused(X509_V_ERR_HOSTNAME_MISMATCH)) << host;
  }
  for (const auto* host : {"192.0.2.8", "::1"}) {
    EXPECT_EQ(client_outcome(identity, host), refused(X509_V_ERR_IP_ADDRESS_MISMATCH)) << host;
  }
}

// As in Kubernetes, where one names the root so that no search domains are tried before.
TEST(TlsCertificates, TheRootsDotIsNoPartOfAServersName) {
  const Identity identity = authority().issue({.names = {test::dns("proxy.example")}});
  EXPECT_EQ(client_outcome(identity, "proxy.example."), error_code());
  EXPECT_EQ(client_outcome(identity, "proxy.example.."), refused(X509_V_ERR_HOSTNAME_MISMATCH));
}

TEST(TlsCertificates, AnAddressIsNotFoundAmongDnsNames) {
  EXPECT_EQ(client_outcome(authority().issue({.names = {test::dns("192.0.2.7")}}), "192.0.2.7"),
            refused(X509_V_ERR_IP_ADDRESS_MISMATCH));
}

TEST(TlsCertificates, AWildcardStandsForOneWholeLabel) {
  const auto outcome = [](const char* name, const char* host) {
    return client_outcome(authority().issue({.names = {test::dns(name)}}), host);
  };
  EXPECT_EQ(outcome("*.example.com", "a.example.com"), error_code());
  EXPECT_EQ(outcome("*.example.com", "b.a.example.com"), refused(X509_V_ERR_HOSTNAME_MISMATCH));
  EXPECT_EQ(outcome("*.example.com", "example.com"), refused(X509_V_ERR_HOSTNAME_MISMATCH));
  EXPECT_EQ(outcome("a*.example.com", "ab.example.com"), refused(X509_V_ERR_HOSTNAME_MISMATCH));
}

TEST(TlsCertificates, TheCommonNameOfAServerDoesNotCount) {
  EXPECT_EQ(client_outcome(authority().issue({.names = {}, .common_name = "proxy.example"}),
                           "proxy.example"),
            refused(X509_V_ERR_HOSTNAME_MISMATCH));
}

TEST(TlsCertificates, AServerIsOfAKnownAuthorityInTimeAndAServer) {
  using std::chrono::hours;
  EXPECT_EQ(client_outcome(stranger().issue(), "localhost"),
            refused(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY));
  EXPECT_EQ(
      client_outcome(authority().issue({.begin = hours(-48), .end = hours(-24)}), "localhost"),
      refused(X509_V_ERR_CERT_HAS_EXPIRED));
  EXPECT_EQ(client_outcome(authority().issue({.purposes = "clientAuth"}), "localhost"),
            refused(X509_V_ERR_INVALID_PURPOSE));
}

TEST(TlsCertificates, TheSystemsAuthoritiesDoNotKnowOurs) {
  const Pair pair(server_config(), runtime::TlsClientConfig());
  EXPECT_EQ(pair.handshake.client.error, refused(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY));
}

TEST(TlsCertificates, TheServerIsToldWhyItsCertificateIsRefused) {
  const Pair pair(server_config(stranger().issue()), client_config());
  EXPECT_EQ(pair.handshake.server.error.message(), "TLS: tlsv1 alert unknown ca");
}

TEST(TlsCertificates, WhatIsNoNameIsNotConnectedTo) {
  Side client(context_of(client_config()));
  for (const auto& host : {""s, "proxy.example\0.evil.example"s, std::string(300, 'x')}) {
    EXPECT_FALSE(client.engine.connect(host)) << host;
  }
}

TEST(TlsCertificates, ANameIsSentAndAnAddressIsNot) {
  const auto sends = [](const std::string& host) {
    Side client(context_of(client_config()));
    EXPECT_TRUE(client.engine.connect(host));
    (void)client.handshake();
    const auto hello = client.engine.take_output();
    return base::as_text(hello).find(host) != std::string_view::npos;
  };
  EXPECT_TRUE(sends("proxy.example"));
  EXPECT_FALSE(sends("192.0.2.7"));
}

// ---- ALPN

Pair offering(std::vector<std::string> of_server, std::vector<std::string> of_client) {
  auto server = server_config();
  server.protocols = std::move(of_server);
  auto client = client_config();
  client.protocols = std::move(of_client);
  return {server, client};
}

TEST(TlsCertificates, TheProtocolIsTheFirstOfTheServersThatTheClientHas) {
  const Pair pair = offering({"a", "b", "c"}, {"c", "b"});
  EXPECT_EQ(pair.server.engine.peer().protocol, "b");
  EXPECT_EQ(pair.client.engine.peer().protocol, "b");
}

TEST(TlsCertificates, WithoutOffersNoProtocolIsChosen) {
  for (const Pair& pair : {offering({}, {"a"}), offering({"a"}, {}), offering({}, {})}) {
    EXPECT_TRUE(pair.handshake.is_done());
    EXPECT_EQ(pair.server.engine.peer().protocol, "");
    EXPECT_EQ(pair.client.engine.peer().protocol, "");
  }
}

TEST(TlsCertificates, OffersThatDoNotMeetEndTheHandshake) {
  const Pair pair = offering({"a"}, {"b"});
  EXPECT_EQ(pair.handshake.server.step, Step::kFailed);
  EXPECT_EQ(pair.handshake.client.error.message(), "TLS: tlsv1 alert no application protocol");
}

}  // namespace
}  // namespace prometheus_rsocket::net
