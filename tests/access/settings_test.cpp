// Good files, and what they mean. Bad ones: settings_bad_test.cpp.
#include "access/settings.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>

namespace prometheus_rsocket::access {
namespace {

using namespace std::chrono_literals;
using boost::system::result;
using runtime::ClientCertificates;
using runtime::TlsVersion;
using Texts = std::vector<std::string>;
using Kind = runtime::TlsName::Kind;
using namespace std::string_literals;

const std::string kHash = "$2b$05$/OK.fbVrR/bpIqNJ5ianF.gKRT/33uSp/5nsjXQyeItpMwPZHQxa2";
const std::string kTls = "tls_server_config: {cert_file: c.pem, key_file: k.pem}\n";
const std::string kMutualTls =
    "tls_server_config:\n"
    "  cert_file: c.pem\n"
    "  key_file: k.pem\n"
    "  client_ca_file: ca.pem\n"
    "  client_auth_type: RequireAndVerifyClientCert\n";

using Files = std::map<std::string, std::string>;

ReadFile from(Files files) {
  return [files = std::move(files)](const std::string& path) -> result<std::string> {
    const auto file = files.find(path);
    if (file == files.end())
      return boost::system::errc::make_error_code(boost::system::errc::no_such_file_or_directory);
    return file->second;
  };
}

const Files kFiles = {{"conf/c.pem", "CERT"},
                      {"conf/k.pem", "KEY"},
                      {"conf/ca.pem", "CA"},
                      {"conf/good.token", "0123456789abcdef\n"}};

Draft draft(const std::string& text, Schema schema) {
  const auto parsed = parse(text, "conf/web.yml", schema);
  EXPECT_TRUE(parsed) << to_string(parsed.error());
  return parsed ? *parsed : Draft{};
}

// What the file of scrapers, or that of clients, means.
Settings settings(const std::string& text, Schema schema = Schema::kWeb) {
  const auto loaded = load(draft(text, schema), from(kFiles));
  EXPECT_TRUE(loaded) << to_string(loaded.error());
  return loaded ? *loaded : Settings{};
}

// What is wrong with the files that it names.
std::string error(const std::string& text, const Files& files, Schema schema = Schema::kRsocket) {
  const auto loaded = load(draft(text, schema), from(files));
  return loaded ? "" : to_string(loaded.error());
}

Texts notices(const Settings& of) {
  Texts texts;
  for (const Diagnostic& notice : of.notices) texts.push_back(to_string(notice));
  return texts;
}

TEST(AnEmptyFile, AsksNobody) {
  for (const char* text : {"", "# nothing\n", "---\n", "{}\n"}) {
    for (const Schema schema : {Schema::kWeb, Schema::kRsocket}) {
      const Settings found = settings(text, schema);
      EXPECT_FALSE(found.tls || found.rate_limit);
      EXPECT_TRUE(found.users.empty() && found.headers.empty());
      EXPECT_TRUE(found.tokens.empty() && found.certificates.empty());
    }
  }
}

TEST(AnEmptySection, SaysNothingWhereNothingIsOpenForThat) {
  const Settings found = settings("http_server_config: {}\nrate_limit:\n");
  EXPECT_FALSE(found.rate_limit);
  EXPECT_TRUE(found.headers.empty());
}

TEST(Tls, NeedsACertificateAndItsKey) {
  const auto tls = settings(kTls).tls;
  ASSERT_TRUE(tls);
  EXPECT_EQ(tls->certificates, "CERT");
  EXPECT_EQ(tls->private_key, "KEY");
  EXPECT_EQ(tls->client_certificates, ClientCertificates::kNone);
  EXPECT_EQ(tls->version_min, TlsVersion::kTls12);
  EXPECT_EQ(tls->version_max, TlsVersion::kTls13);
  EXPECT_TRUE(tls->cipher_suites.empty() && tls->curves.empty());
}

TEST(Tls, TakesPemWithinTheFile) {
  const auto tls = settings(
                       "tls_server_config:\n"
                       "  cert: |\n    ONE\n    TWO\n"
                       "  key: three\n"
                       "  key_file: ''\n"
                       "  client_ca: four\n"
                       "  client_auth_type: VerifyClientCertIfGiven\n")
                       .tls;
  ASSERT_TRUE(tls);
  EXPECT_EQ(tls->certificates, "ONE\nTWO\n");
  EXPECT_EQ(tls->private_key, "three");
  EXPECT_EQ(tls->client_authorities, "four");
}

TEST(Tls, HasFilesRelativeToTheConfiguration) {
  const std::string text =
      "tls_server_config: {cert_file: /etc/c.pem, key_file: ../k.pem, client_ca_file: ca.pem, "
      "client_auth_type: RequestClientCert}\n";
  const auto paths = [&text](const std::string& path) {
    Texts found;
    const auto parsed = parse(text, path, Schema::kWeb);
    for (const File& file : parsed->files) found.push_back(file.path);
    return found;
  };
  EXPECT_EQ(paths("/conf/web.yml"), (Texts{"/etc/c.pem", "/conf/../k.pem", "/conf/ca.pem"}));
  EXPECT_EQ(paths("web.yml"), (Texts{"/etc/c.pem", "../k.pem", "ca.pem"}));
  EXPECT_EQ(paths("/web.yml"), (Texts{"/etc/c.pem", "/../k.pem", "/ca.pem"}));
}

TEST(Tls, AsksClientsForCertificatesAsGoDoes) {
  const auto asked = [](const std::string& type, const std::string& authority) {
    return settings("tls_server_config: {cert: c, key: k, client_auth_type: " + type + authority +
                    "}\n")
        .tls->client_certificates;
  };
  EXPECT_EQ(asked("''", ""), ClientCertificates::kNone);
  EXPECT_EQ(asked("NoClientCert", ""), ClientCertificates::kNone);
  EXPECT_EQ(asked("RequestClientCert", ""), ClientCertificates::kRequest);
  EXPECT_EQ(asked("RequireAnyClientCert", ""), ClientCertificates::kRequireAny);
  EXPECT_EQ(asked("RequireClientCert", ""), ClientCertificates::kRequireAny);
  EXPECT_EQ(asked("VerifyClientCertIfGiven", ", client_ca: a"), ClientCertificates::kVerifyIfGiven);
  EXPECT_EQ(asked("RequireAndVerifyClientCert", ", client_ca: a"),
            ClientCertificates::kRequireAndVerify);
}

TEST(Tls, NamesClientsThatAreAllowed) {
  const auto tls = settings(kMutualTls + "  client_allowed_sans: [a.example.com, 10.0.0.1]\n").tls;
  ASSERT_TRUE(tls);
  EXPECT_EQ(tls->client_authorities, "CA");
  EXPECT_EQ(tls->client_names_allowed, (Texts{"a.example.com", "10.0.0.1"}));
}

TEST(Tls, HasVersionsCipherSuitesAndCurvesByGosNames) {
  const auto tls = settings(
                       "tls_server_config:\n"
                       "  cert: c\n"
                       "  key: k\n"
                       "  min_version: TLS12\n"
                       "  max_version: TLS12\n"
                       "  cipher_suites:\n"
                       "  - TLS_AES_128_GCM_SHA256\n"
                       "  - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\n"
                       "  - TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA\n"
                       "  curve_preferences: [X25519, CurveP521]\n")
                       .tls;
  ASSERT_TRUE(tls);
  EXPECT_EQ(tls->version_max, TlsVersion::kTls12);
  EXPECT_EQ(tls->cipher_suites, (Texts{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                                       "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"}));
  EXPECT_EQ(tls->curves, (Texts{"X25519", "CurveP521"}));
}

TEST(Tls, WithCipherSuitesOfTls13AloneIsTls13) {
  const auto tls =
      settings("tls_server_config: {cert: c, key: k, cipher_suites: [TLS_AES_128_GCM_SHA256]}").tls;
  ASSERT_TRUE(tls);
  EXPECT_EQ(tls->version_min, TlsVersion::kTls13);
  EXPECT_TRUE(tls->cipher_suites.empty());
}

TEST(ASettingWithoutEffect, IsNoticed) {
  const Settings found = settings(
      "tls_server_config: {cert: c, key: k, prefer_server_cipher_suites: no}\n"
      "http_server_config:\n"
      "  http2: true\n");
  EXPECT_EQ(notices(found),
            (Texts{"conf/web.yml:1:38: prefer_server_cipher_suites: it is without effect: the "
                   "server's order counts",
                   "conf/web.yml:3:3: http2: it is without effect: only HTTP/1.1 is spoken"}));
}

TEST(Headers, AreThoseOfExporterToolkit) {
  const Settings found = settings(
      "http_server_config:\n"
      "  headers:\n"
      "    X-Frame-Options: deny\n"
      "    Strict-Transport-Security: max-age=31536000; includeSubDomains\n"
      "    X-Content-Type-Options: nosniff\n"
      "    X-XSS-Protection: 1\n"
      "    Content-Security-Policy: ''\n");
  EXPECT_EQ(found.headers, (std::vector<Header>{
                               {"X-Frame-Options", "deny"},
                               {"Strict-Transport-Security", "max-age=31536000; includeSubDomains"},
                               {"X-Content-Type-Options", "nosniff"},
                               {"X-XSS-Protection", "1"}}));
}

TEST(Users, HaveHashes) {
  const Settings found = settings("basic_auth_users:\n  ann: " + kHash + "\n  'bo b': " + kHash);
  EXPECT_EQ(found.users, (Users{{"ann", kHash}, {"bo b", kHash}}));
}

TEST(RateLimit, HasADurationAsGoWritesIt) {
  const auto interval = [](const std::string& text) {
    const auto limit = settings("rate_limit: {interval: " + text + ", burst: 7}\n").rate_limit;
    EXPECT_TRUE(limit && limit->burst == 7) << text;
    return limit ? limit->interval : base::Duration(-1);
  };
  EXPECT_EQ(interval("1s"), 1s);
  EXPECT_EQ(interval("1m30s"), 90s);
  EXPECT_EQ(interval("1.5h"), 90min);
  EXPECT_EQ(interval(".25s"), 250ms);
  EXPECT_EQ(interval("2.s"), 2s);
  EXPECT_EQ(interval("30s1m"), 90s);
  EXPECT_EQ(interval("100us"), 100us);
  EXPECT_EQ(interval("100µs"), 100us);
  EXPECT_EQ(interval("7ns"), 7ns);
  EXPECT_EQ(interval("0.0000000019s"), 1ns);
  EXPECT_EQ(interval("1000h"), 1000h);
}

TEST(RateLimit, OfNoIntervalIsNone) {
  EXPECT_FALSE(settings("rate_limit: {interval: 0, burst: 1}\n").rate_limit);
  EXPECT_FALSE(settings("rate_limit: {interval: 0s}\n").rate_limit);
}

TEST(Tokens, ComeFromFilesOrAsDigests) {
  const Settings found = settings(
      kTls +
          "tokens:\n"
          "- {token_file: good.token, name: batch, job: nightly-*, instance: '*.example.com'}\n"
          "- sha256: BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n",
      Schema::kRsocket);
  EXPECT_EQ(found.tokens,
            (std::vector<TokenGrant>{
                {sha256("0123456789abcdef"), {"batch", Glob("nightly-*"), Glob("*.example.com")}},
                {sha256("abc"), {"", Glob(), Glob()}}}));
}

TEST(Tokens, MayHaveSeveralGrants) {
  const Settings found = settings(kTls +
                                      "tokens:\n"
                                      "- {token_file: good.token, job: a}\n"
                                      "- {token_file: good.token, job: b}\n",
                                  Schema::kRsocket);
  const auto grants = grants_for_token(found.tokens, "0123456789abcdef");
  EXPECT_TRUE(find_allowing(grants, "a", "") && find_allowing(grants, "b", ""));
  EXPECT_FALSE(find_allowing(grants, "c", ""));
}

TEST(Certificates, AreGrantedNamesByTheirOwn) {
  const Settings found = settings(
      kMutualTls + "certificates:\n- {san: '*.shop', job: shop}\n- {san: x, instance: y}\n",
      Schema::kRsocket);
  EXPECT_EQ(found.certificates, (std::vector<CertificateGrant>{
                                    {Kind::kDns, Glob("*.shop"), {"*.shop", Glob("shop"), Glob()}},
                                    {Kind::kDns, Glob("x"), {"x", Glob(), Glob("y")}}}));
}

TEST(Certificates, AreGrantedNamesByOneKindOfTheirOwn) {
  const Settings found = settings(kMutualTls +
                                      "certificates:\n"
                                      "- san: DNS:a.shop\n"
                                      "- san: URI:spiffe://shop/*\n"
                                      "- san: email:*@a.shop\n"
                                      "- san: IP:10.0.*\n"
                                      "- san: ip:2001:db8:*\n"
                                      "- san: '*'\n",
                                  Schema::kRsocket);
  const auto kind_and_glob = [&found](std::size_t i) {
    return std::pair(found.certificates.at(i).kind, found.certificates.at(i).san.pattern());
  };
  ASSERT_EQ(found.certificates.size(), 6U);
  EXPECT_EQ(kind_and_glob(0), std::pair(Kind::kDns, "a.shop"s));
  EXPECT_EQ(kind_and_glob(1), std::pair(Kind::kUri, "spiffe://shop/*"s));
  EXPECT_EQ(kind_and_glob(2), std::pair(Kind::kEmail, "*@a.shop"s));
  EXPECT_EQ(kind_and_glob(3), std::pair(Kind::kAddress, "10.0.*"s));
  EXPECT_EQ(kind_and_glob(4), std::pair(Kind::kAddress, "2001:db8:*"s));
  EXPECT_EQ(kind_and_glob(5), std::pair(Kind::kDns, "*"s));
  EXPECT_EQ(found.certificates[1].grant.name, "URI:spiffe://shop/*") << "for logs, as written";
}

// As they are found in certificates: in other words they were taken, and matched nothing.
TEST(Certificates, AreGrantedAddressesHoweverTheyAreWritten) {
  const std::vector<std::pair<std::string, std::string>> written_and_found = {
      {"2001:DB8::1", "2001:db8::1"},     {"2001:0db8::2", "2001:db8::2"},
      {"2001:db8:0:0::3", "2001:db8::3"}, {"::ffff:10.0.0.4", "10.0.0.4"},
      {"2001:DB8:*", "2001:db8:*"},       {"10.0.0.5", "10.0.0.5"},
  };
  for (const auto& [written, found] : written_and_found) {
    const Settings got =
        settings(kMutualTls + "certificates:\n- san: IP:" + written + "\n", Schema::kRsocket);
    EXPECT_EQ(got.certificates.at(0).san.pattern(), found);
    EXPECT_EQ(got.certificates.at(0).grant.name, "IP:" + written) << "for logs, as written";
  }
}

TEST(Certificates, NeedNotBeShownByAll) {
  const Settings found = settings(
      "tls_server_config: {cert: c, key: k, client_ca: a, client_auth_type: "
      "VerifyClientCertIfGiven}\n"
      "certificates: [{san: x}]\n"
      "tokens: [{token_file: good.token}]\n",
      Schema::kRsocket);
  EXPECT_EQ(found.certificates.size(), 1U);
  EXPECT_EQ(found.tokens.size(), 1U);
}

TEST(AFile, ThatCannotBeReadIsWrongWhereItIsNamed) {
  EXPECT_EQ(error(kTls, {{"conf/c.pem", "CERT"}}),
            "conf/web.yml:1:49: the file that is named here: No such file or directory");
  EXPECT_EQ(error(kTls, {{"conf/c.pem", ""}, {"conf/k.pem", "KEY"}}),
            "conf/web.yml:1:32: the file that is named here: it is empty");
}

TEST(AFile, OfATokenHoldsOneThatCanBeSentAndNotGuessed) {
  const auto error_of = [](const std::string& content) {
    Files files = kFiles;
    files["conf/t"] = content;
    return error(kTls + "tokens: [{token_file: t}]\n", files);
  };
  const std::string at = "conf/web.yml:2:23: the file that is named here: ";
  EXPECT_EQ(error_of("0123456789abcdef"), "");
  EXPECT_EQ(error_of("0123456789abcdef\r\n"), "");
  EXPECT_EQ(error_of(std::string(4096, 'x')), "");
  for (const std::string& token : {std::string(), std::string("\n"), std::string("0123456789abcde"),
                                   std::string("0123456789abcde\n"), std::string(4097, 'x')}) {
    EXPECT_EQ(error_of(token), at + "a token has 16 to 4096 characters") << token.size();
  }
  for (const char* token :
       {"0123456789abcdef\n\n", "0123456789 abcdef", "0123456789abcdef\nx", "  0123456789abcdef"}) {
    EXPECT_EQ(error_of(token), at + "it holds no token as of RFC 6750") << token;
  }
}

}  // namespace
}  // namespace prometheus_rsocket::access
