// Which settings are taken, and what is said of those that are not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "authority.h"
#include "net/tls.h"
#include "tls_pair.h"

namespace prometheus_rsocket::net {
namespace {

using runtime::ClientCertificates;
using runtime::TlsVersion;
using testing::HasSubstr;
using testing::IsEmpty;

std::string problem_with(const runtime::TlsServerConfig& config) {
  const auto made = make_tls_server(config);
  return made ? "" : made.error();
}
std::string problem_with(const runtime::TlsClientConfig& config) {
  const auto made = make_tls_client(config);
  return made ? "" : made.error();
}

// What a change makes of settings that are good.
template <class Change>
std::string problem_after(Change change) {
  auto config = server_config();
  change(config);
  return problem_with(config);
}

TEST(TlsSettings, ACertificateWithItsKeyIsEnough) {
  EXPECT_THAT(problem_with(server_config()), IsEmpty());
}

TEST(TlsSettings, AServerNeedsACertificate) {
  EXPECT_EQ(problem_after([](auto& config) { config.certificates = ""; }),
            "certificates: there is no certificate in PEM");
  EXPECT_EQ(problem_after([](auto& config) { config.certificates = config.private_key; }),
            "certificates: there is no certificate in PEM");
}

TEST(TlsSettings, TheCertificateThatDoesNotParseIsCounted) {
  const std::string junk = "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n";
  EXPECT_THAT(problem_after([&](auto& config) { config.certificates += junk; }),
              HasSubstr("certificate 2 of certificates does not parse: "));
  EXPECT_THAT(problem_after([&](auto& config) {
                config.client_certificates = ClientCertificates::kRequireAndVerify;
                config.client_authorities = junk;
              }),
              HasSubstr("certificate 1 of client_authorities does not parse: "));
}

TEST(TlsSettings, AKeyMustBeThere) {
  EXPECT_EQ(problem_after([](auto& config) { config.private_key = config.certificates; }),
            "private_key: there is no private key in PEM");
  EXPECT_THAT(problem_after([](auto& config) {
                config.private_key =
                    "-----BEGIN PRIVATE KEY-----\nMAAA\n-----END PRIVATE KEY-----\n";
              }),
              HasSubstr("private_key does not parse: "));
}

TEST(TlsSettings, AKeyBehindAPassphraseIsNotAskedFor) {
  EXPECT_EQ(
      problem_after([](auto& config) { config.private_key = test::encrypted(config.private_key); }),
      "private_key is encrypted: one without a passphrase is needed");
}

TEST(TlsSettings, AKeyIsOfItsCertificate) {
  EXPECT_EQ(
      problem_after([](auto& config) { config.private_key = authority().issue().private_key; }),
      "private_key is not that of the first of certificates");
}

TEST(TlsSettings, AKeyThatIsTooSmallIsRefused) {
  EXPECT_THAT(problem_with(server_config(test::rsa_identity(1024))), HasSubstr("ee key too small"));
  EXPECT_THAT(problem_with(server_config(test::rsa_identity(2048))), IsEmpty());
}

TEST(TlsSettings, VersionsAreInOrder) {
  EXPECT_EQ(problem_after([](auto& config) {
              config.version_min = TlsVersion::kTls13;
              config.version_max = TlsVersion::kTls12;
            }),
            "version_min is above version_max");
}

TEST(TlsSettings, CipherSuitesHaveTheNamesOfGo) {
  for (const auto* name :
       {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        "TLS_AES_128_GCM_SHA256"}) {
    EXPECT_THAT(problem_after([&](auto& config) { config.cipher_suites = {name}; }), IsEmpty())
        << name;
  }
}

TEST(TlsSettings, ACipherSuiteThatIsNotKnownIsNamed) {
  for (const auto* name : {"ECDHE-RSA-AES128-GCM-SHA256", "TLS_FOO", "ALL"}) {
    EXPECT_EQ(problem_after([&](auto& config) { config.cipher_suites = {name}; }),
              "cipher_suites: " + std::string(name) + " is not known");
  }
}

TEST(TlsSettings, ACipherSuiteWithoutAKeyOfItsOwnForEachConnectionIsRefused) {
  for (const auto* name :
       {"TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_NULL_SHA",
        "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_PSK_WITH_AES_128_GCM_SHA256"}) {
    EXPECT_EQ(problem_after([&](auto& config) { config.cipher_suites = {name}; }),
              "cipher_suites: " + std::string(name) + " is not secure enough to be used");
  }
}

TEST(TlsSettings, TheHighestVersionHasACipherSuite) {
  EXPECT_EQ(problem_after([](auto& config) {
              config.version_max = TlsVersion::kTls12;
              config.cipher_suites = {"TLS_AES_128_GCM_SHA256"};
            }),
            "cipher_suites: none is of TLS 1.2, and version_max is TLS 1.2");
}

TEST(TlsSettings, CurvesHaveTheNamesOfGo) {
  EXPECT_THAT(problem_after([](auto& config) {
                config.curves = {"CurveP256", "CurveP384", "CurveP521", "X25519"};
              }),
              IsEmpty());
  EXPECT_EQ(problem_after([](auto& config) {
              config.curves = {"X25519", "P-256"};
            }),
            "curves: P-256 is not known");
}

TEST(TlsSettings, WhoVerifiesNeedsAuthorities) {
  for (const auto mode :
       {ClientCertificates::kVerifyIfGiven, ClientCertificates::kRequireAndVerify}) {
    EXPECT_EQ(problem_after([&](auto& config) { config.client_certificates = mode; }),
              "clients' certificates are to be verified, and client_authorities is empty");
  }
}

TEST(TlsSettings, NamesThatNobodyVouchesForAreNotAllowedToCount) {
  for (const auto mode :
       {ClientCertificates::kNone, ClientCertificates::kRequest, ClientCertificates::kRequireAny}) {
    EXPECT_EQ(problem_after([&](auto& config) {
                config.client_certificates = mode;
                config.client_names_allowed = {"app.example"};
              }),
              "client_names_allowed: clients' certificates are not verified");
  }
}

TEST(TlsSettings, AuthoritiesAreForCertificatesThatAreAskedFor) {
  EXPECT_EQ(
      problem_after([](auto& config) { config.client_authorities = authority().certificate(); }),
      "client_authorities: clients' certificates are not asked for");
}

TEST(TlsSettings, AProtocolHasAName) {
  EXPECT_EQ(problem_after([](auto& config) {
              config.protocols = {"h2", ""};
            }),
            "protocols: a name has 1 to 255 bytes");
  EXPECT_EQ(problem_after([](auto& config) { config.protocols = {std::string(256, 'x')}; }),
            "protocols: a name has 1 to 255 bytes");
}

TEST(TlsSettings, AClientNeedsNothing) {
  EXPECT_THAT(problem_with(runtime::TlsClientConfig()), IsEmpty());
}

TEST(TlsSettings, AClientsCertificateComesWithItsKey) {
  auto config = client_config(authority().issue());
  EXPECT_THAT(problem_with(config), IsEmpty());
  config.private_key = "";
  EXPECT_EQ(problem_with(config), "private_key: there is no private key in PEM");
  config = client_config(authority().issue());
  config.certificates = "";
  EXPECT_EQ(problem_with(config), "certificates: there is no certificate in PEM");
}

TEST(TlsSettings, AClientsAuthoritiesMustParse) {
  runtime::TlsClientConfig config;
  config.authorities = "nobody";
  EXPECT_EQ(problem_with(config), "authorities: there is no certificate in PEM");
}

TEST(TlsSettings, NothingIsLeftInTheErrorQueueOfTheThread) {
  (void)problem_after([](auto& config) { config.certificates = ""; });
  EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace prometheus_rsocket::net
