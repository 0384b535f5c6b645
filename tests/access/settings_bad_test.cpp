// Files that are wrong, and where.
#include <gtest/gtest.h>

#include "access/limits.h"
#include "access/settings.h"

namespace prometheus_rsocket::access {
namespace {

const std::string kHash = "$2b$05$/OK.fbVrR/bpIqNJ5ianF.gKRT/33uSp/5nsjXQyeItpMwPZHQxa2";

std::string error(const std::string& text, Schema schema) {
  const auto parsed = parse(text, "f", schema);
  return parsed ? "good" : to_string(parsed.error());
}

struct Bad {
  std::string text;
  std::string error;  // behind the name of the file
};

void expect_bad(Schema schema, const std::vector<Bad>& files) {
  for (const Bad& file : files) EXPECT_EQ(error(file.text, schema), "f:" + file.error) << file.text;
}

// `rest` within a section of TLS, its first key in line 4.
std::string tls(const std::string& rest) {
  return "tls_server_config:\n  cert_file: c\n  key_file: k\n" + rest;
}

TEST(ABadFile, HasAnotherForm) {
  for (const Schema schema : {Schema::kWeb, Schema::kRsocket}) {
    expect_bad(
        schema,
        {
            {"text", "1:1: the file: keys with values are expected"},
            {"- a", "1:1: the file: keys with values are expected"},
            {"a: 1", "1:1: the file: unknown key: a"},
            {"tls_server_config: 1", "1:20: tls_server_config: keys with values are expected"},
            {"tls_server_config: {x: 1}", "1:21: tls_server_config: unknown key: x"},
            {"tls_server_config: {cert: 1, cert: 2}", "1:30: cert: it is there twice"},
            {"tls_server_config:\ntls_server_config:\n",
             "2:1: tls_server_config: it is there twice"},
            {"tls_server_config: &a {cert: 1}\nx: *a", "1:20: anchors are not expected"},
            {"tls_server_config: {cert: [", "1:1: end of sequence flow not found"},
        });
  }
}

TEST(ABadFile, HasTlsWithoutItsParts) {
  expect_bad(
      Schema::kWeb,
      {
          {"tls_server_config: {key: k}", "1:1: tls_server_config: cert or cert_file is missing"},
          {"tls_server_config: {cert: c}", "1:1: tls_server_config: key or key_file is missing"},
          {"tls_server_config: {cert_file: '', key: k}",
           "1:1: tls_server_config: cert or cert_file is missing"},
          {"tls_server_config:", "1:1: tls_server_config: it is empty: all would be in clear"},
          {"tls_server_config: {}", "1:20: tls_server_config: it is empty: all would be in clear"},
          {"tls_server_config: {min_version: TLS12}",
           "1:1: tls_server_config: cert or cert_file is missing"},
          {tls("  cert: c\n"), "4:9: cert and cert_file: one is enough"},
          {tls("  key: k\n"), "4:8: key and key_file: one is enough"},
          {tls("  client_ca: a\n  client_ca_file: b\n  client_auth_type: RequestClientCert\n"),
           "5:19: client_ca and client_ca_file: one is enough"},
          {"tls_server_config: {cert_file: [c], key: k}", "1:32: cert_file: one value is expected"},
          {"tls_server_config: {cert_file: {c: d}, key: k}",
           "1:32: cert_file: one value is expected"},
      });
}

TEST(ABadFile, AsksForCertificatesInVain) {
  expect_bad(
      Schema::kWeb,
      {
          {tls("  client_ca_file: a\n"),
           "4:19: client_ca needs a client_auth_type that asks for certificates"},
          {tls("  client_ca: a\n  client_auth_type: NoClientCert\n"),
           "4:14: client_ca needs a client_auth_type that asks for certificates"},
          {tls("  client_auth_type: RequireAndVerifyClientCert\n"),
           "4:21: client_auth_type: client_ca or client_ca_file is missing"},
          {tls("  client_auth_type: VerifyClientCertIfGiven\n"),
           "4:21: client_auth_type: client_ca or client_ca_file is missing"},
          {tls("  client_auth_type: Require\n"), "4:21: client_auth_type: unknown: Require"},
          {tls("  client_auth_type: requestclientcert\n"),
           "4:21: client_auth_type: unknown: requestclientcert"},
          {tls("  client_allowed_sans: [a]\n"),
           "4:25: client_allowed_sans needs a client_auth_type that verifies certificates"},
          {tls("  client_allowed_sans:\n    - a\n  client_auth_type: RequireAnyClientCert\n"),
           "5:7: client_allowed_sans needs a client_auth_type that verifies certificates"},
          {tls("  client_allowed_sans: []\n"), "4:24: client_allowed_sans: the list is empty"},
          {tls("  client_allowed_sans:\n"), "4:3: client_allowed_sans: the list is empty"},
          {tls("  client_allowed_sans: a\n"), "4:24: client_allowed_sans: a list is expected"},
          {tls("  client_allowed_sans: [a, '']\n"),
           "4:28: client_allowed_sans: its list holds something that is no value"},
          {tls("  client_allowed_sans: [a, [b]]\n"),
           "4:28: client_allowed_sans: its list holds something that is no value"},
      });
}

TEST(ABadFile, WantsVersionsSuitesAndCurvesThatThereAreNot) {
  expect_bad(
      Schema::kWeb,
      {
          {tls("  min_version: TLS10\n"), "4:16: min_version: TLS10 is not offered"},
          {tls("  max_version: TLS11\n"), "4:16: max_version: TLS11 is not offered"},
          {tls("  min_version: 1.2\n"), "4:16: min_version: unknown: 1.2"},
          {tls("  min_version: TLS13\n  max_version: TLS12\n"),
           "4:16: min_version: it is above max_version"},
          {tls("  cipher_suites: TLS_AES_128_GCM_SHA256\n"),
           "4:18: cipher_suites: a list is expected"},
          {tls("  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA2048]\n"),
           "4:19: cipher_suites: unknown: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA2048"},
          {tls("  cipher_suites: [ECDHE-RSA-AES256-GCM-SHA384]\n"),
           "4:19: cipher_suites: unknown: ECDHE-RSA-AES256-GCM-SHA384"},
          {tls("  cipher_suites:\n  - TLS_AES_128_GCM_SHA256\n  - TLS_RSA_WITH_AES_128_CBC_SHA\n"),
           "6:5: cipher_suites: it is not safe: TLS_RSA_WITH_AES_128_CBC_SHA"},
          {tls("  cipher_suites: [TLS_AES_128_GCM_SHA256]\n  max_version: TLS12\n"),
           "4:19: cipher_suites: none is of TLS 1.2"},
          {tls("  curve_preferences: [CurveP257]\n"),
           "4:23: curve_preferences: unknown: CurveP257"},
          {tls("  prefer_server_cipher_suites: maybe\n"),
           "4:32: prefer_server_cipher_suites: true or false is expected"},
          {tls("  prefer_server_cipher_suites: 'true'\n"),
           "4:32: prefer_server_cipher_suites: true or false is expected"},
      });
}

TEST(ABadFile, SetsHeadersThatCannotBeSet) {
  expect_bad(
      Schema::kWeb,
      {
          {"http_server_config: {http2: 2}", "1:29: http2: true or false is expected"},
          {"http_server_config: {http3: true}", "1:22: http_server_config: unknown key: http3"},
          {"http_server_config: {headers: [a]}", "1:31: headers: names with values are expected"},
          {"http_server_config:\n  headers:\n    Content-Type: a\n",
           "3:5: headers: it cannot be set: Content-Type"},
          {"http_server_config: {headers: {x-frame-options: deny}}",
           "1:32: headers: it cannot be set: x-frame-options"},
          {"http_server_config: {headers: {X-Frame-Options: foo}}",
           "1:49: X-Frame-Options: unknown: foo"},
          {"http_server_config: {headers: {X-Content-Type-Options: sniff}}",
           "1:56: X-Content-Type-Options: unknown: sniff"},
          {"http_server_config: {headers: {X-XSS-Protection: \"1\\r\\nA: b\"}}",
           "1:50: X-XSS-Protection: it is no plain ASCII line"},
          {"http_server_config: {headers: {X-XSS-Protection: [1]}}",
           "1:50: X-XSS-Protection: one value is expected"},
      });
}

TEST(ABadFile, AsksNobodyThoughItNamesUsers) {
  expect_bad(
      Schema::kWeb,
      {
          {"basic_auth_users:", "1:1: basic_auth_users: it is empty: nobody would be asked"},
          {"basic_auth_users: {}", "1:19: basic_auth_users: it is empty: nobody would be asked"},
      });
}

TEST(ABadFile, HasUsersWhoCannotLogIn) {
  const auto user = [](const std::string& hash) { return "basic_auth_users:\n  ann: " + hash; };
  expect_bad(
      Schema::kWeb,
      {
          {"basic_auth_users: [ann]", "1:19: basic_auth_users: names with hashes are expected"},
          {user("secret"), "2:8: basic_auth_users: it holds no bcrypt hash"},
          {user(""), "2:3: basic_auth_users: it holds no bcrypt hash"},
          {user("[]"), "2:8: ann: one value is expected"},
          {user(kHash.substr(0, 59)), "2:8: basic_auth_users: it holds no bcrypt hash"},
          {user(kHash + "x"), "2:8: basic_auth_users: it holds no bcrypt hash"},
          {user("$2x" + kHash.substr(3)), "2:8: basic_auth_users: it holds no bcrypt hash"},
          {user("$2b$32" + kHash.substr(6)), "2:8: basic_auth_users: it holds no bcrypt hash"},
          {user(kHash + "\n  ann: " + kHash), "3:3: ann: it is there twice"},
          {"basic_auth_users: {'a:b': " + kHash + "}",
           "1:20: basic_auth_users: a name has no colon"},
      });
}

TEST(ABadFile, LimitsTheRateToNobody) {
  const auto limit = [](const std::string& rest) { return "rate_limit: {" + rest + "}"; };
  for (const char* interval :
       {"1", "s", "1 s", "-1s", "+1s", "1x", "1s2", "1..5s", ".s", "''", "1:30", "9223372036s1s",
        "2562048h", "2562047.9h", "99999999999999999999s", "1h2562047h"}) {
    EXPECT_EQ(error(limit("interval: " + std::string(interval) + ", burst: 1"), Schema::kWeb),
              "f:1:24: interval: a duration with its unit is expected")
        << interval;
  }
  expect_bad(
      Schema::kWeb,
      {
          {limit("burst: 1"), "1:1: rate_limit: interval is missing"},
          {limit("interval: 1s"), "1:1: rate_limit: without a burst nobody gets in"},
          {limit("interval: 1s, burst: 0"), "1:1: rate_limit: without a burst nobody gets in"},
          {limit("interval: 1s, burst: -1"), "1:35: burst: a whole number is expected"},
          {limit("interval: 1s, burst: 1.5"), "1:35: burst: a whole number is expected"},
          {limit("interval: 1s, burst: 99999999999"), "1:35: burst: a whole number is expected"},
          {limit("interval: 1s, burst:"), "1:28: burst: a whole number is expected"},
      });
}

TEST(ABadFile, LimitsTheRateBeyondWhatCanBeCounted) {
  expect_bad(Schema::kWeb, {{"rate_limit: {interval: 24h, burst: 36526}",
                             "1:1: rate_limit: that is a burst of more than a century"}});
}

TEST(ABadFile, HasWhatBelongsIntoTheOther) {
  expect_bad(Schema::kWeb,
             {
                 {"tokens: []", "1:1: tokens: it belongs into --rsocket.config.file"},
                 {"certificates: []", "1:1: certificates: it belongs into --rsocket.config.file"},
             });
  expect_bad(
      Schema::kRsocket,
      {
          {"http_server_config: {}", "1:1: http_server_config: it belongs into --web.config.file"},
          {"basic_auth_users: {}", "1:1: basic_auth_users: it belongs into --web.config.file"},
          {"rate_limit: {}", "1:1: rate_limit: it belongs into --web.config.file"},
      });
}

TEST(ABadFile, HasTokensThatBindNobody) {
  const std::string digest(64, 'a');
  const auto tokens = [](const std::string& entry) { return tls("tokens:\n- " + entry + "\n"); };
  expect_bad(
      Schema::kRsocket,
      {
          {"tokens: [{token_file: t}]", "1:1: tokens: they need tls_server_config"},
          {tokens("sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
           "5:11: sha256: it is the digest of an empty token"},
          {tls("tokens: []\n"), "4:9: tokens: a list with entries is expected"},
          {tls("tokens:\n"), "4:1: tokens: a list with entries is expected"},
          {tls("tokens: {token_file: t}\n"), "4:9: tokens: a list with entries is expected"},
          {tokens("text"), "5:3: tokens: keys with values are expected"},
          {tokens("token_file: t\n- "), "7:1: tokens: one of token_file and sha256 is expected"},
          {tokens("job: a"), "5:3: tokens: one of token_file and sha256 is expected"},
          {tokens("{token_file: t, sha256: " + digest + "}"),
           "5:3: tokens: one of token_file and sha256 is expected"},
          {tokens("{token_file: t, jobs: a}"), "5:19: tokens: unknown key: jobs"},
          {tokens("{token_file: t, job: }"), "5:19: job: it has no value"},
          {tokens("{token_file: t, instance: ''}"), "5:29: instance: it has no value"},
          {tokens("{token_file: t, job: [a]}"), "5:24: job: one value is expected"},
          {tokens("{token_file: t, job: " + std::string(kGlobBytesMax + 1, 'a') + "}"),
           "5:24: job: it is too long"},
          {tokens("{token_file: ''}"), "5:16: token_file: it has no value"},
          {tokens("sha256: " + digest + "a"), "5:11: sha256: 64 hexadecimal digits are expected"},
          {tokens("sha256: " + digest.substr(1)),
           "5:11: sha256: 64 hexadecimal digits are expected"},
          {tokens("sha256: " + digest.substr(1) + "g"),
           "5:11: sha256: 64 hexadecimal digits are expected"},
      });
}

TEST(ABadFile, HasCertificatesThatNobodyVerifies) {
  const std::string ca = "  client_ca: a\n  client_auth_type: ";
  const std::string verified = ca + "VerifyClientCertIfGiven\n";
  expect_bad(
      Schema::kRsocket,
      {
          {"certificates: [{san: a}]",
           "1:1: certificates: they need a client_auth_type that verifies certificates"},
          {tls("certificates: [{san: a}]\n"),
           "4:1: certificates: they need a client_auth_type that verifies certificates"},
          {tls(ca + "RequireAnyClientCert\ncertificates: [{san: a}]\n"),
           "6:1: certificates: they need a client_auth_type that verifies certificates"},
          {tls(verified + "certificates: []\n"),
           "6:15: certificates: a list with entries is expected"},
          {tls(verified + "certificates: [{job: a}]\n"), "6:16: certificates: san is missing"},
          {tls(verified + "certificates: [{san: ''}]\n"), "6:22: san: it has no value"},
          {tls(verified + "certificates: [{san: 'URI:'}]\n"), "6:22: san: it has no value"},
          {tls(verified + "certificates: [{san: " + std::string(kGlobBytesMax + 1, 'a') + "}]\n"),
           "6:22: san: it is too long"},
          {tls(verified + "certificates: [{san: a, name: b}]\n"),
           "6:25: certificates: unknown key: name"},
      });
}

// It would match nothing, or what nobody has thought of.
TEST(ABadFile, NamesCertificatesWithoutTheirKind) {
  const std::string verified = "  client_ca: a\n  client_auth_type: VerifyClientCertIfGiven\n";
  const std::string no_kind =
      "7:8: san: it begins with no kind of names: DNS:, URI:, email: or IP:";
  const std::string no_dns =
      "7:8: san: it is no DNS name; other kinds begin with URI:, email: or IP:";
  const auto grant = [&](const std::string& san) {
    return tls(verified + "certificates:\n- san: '" + san + "'\n");
  };
  expect_bad(Schema::kRsocket, {
                                   {grant("spiffe://shop/*"), no_kind},
                                   {grant("2001:db8:*"), no_kind},
                                   {grant("URL:http://shop"), no_kind},
                                   {grant(":a.shop"), no_kind},
                                   {grant("*@a.shop"), no_dns},
                                   {grant("a.shop/*"), no_dns},
                                   {grant("10.0.0.*"), no_dns},
                                   {grant("DNS:10.0.0.7"), no_dns},
                                   {grant("a shop"), no_dns},
                               });
}

// Each of them was taken, and matched nothing.
TEST(ABadFile, NamesCertificatesByWhatIsNoAddress) {
  const std::string verified = "  client_ca: a\n  client_auth_type: VerifyClientCertIfGiven\n";
  for (const std::string_view no_address :
       {"a.shop", ":::::::", "1.2.3", "1.2.3.4.5", "2001:db8::1::2", "f", "::1%1", "10.0.0.x*"}) {
    const std::string grant = "certificates:\n- san: 'IP:" + std::string(no_address) + "'\n";
    expect_bad(Schema::kRsocket, {{tls(verified + grant), "7:8: san: it is no IP address"}});
  }
}

TEST(ABadFile, HasTooManyEntries) {
  std::string users = "basic_auth_users:\n";
  std::string tokens = "tokens:\n";
  for (std::size_t i = 0; i <= kEntriesMax; ++i) {
    users += "  " + std::to_string(i) + ": " + kHash + "\n";
    tokens += "- token_file: t\n";
  }
  expect_bad(Schema::kWeb, {{users, "2:3: basic_auth_users: there are too many"}});
  expect_bad(Schema::kRsocket, {{tokens, "2:1: tokens: there are too many"}});
}

TEST(ABadFile, ShowsNoSecretInItsError) {
  for (const char* text :
       {"basic_auth_users: {ann: hunter2hunter2}", "tls_server_config: {key: [hunter2hunter2]}",
        "tls_server_config: {key: hunter2hunter2, key_file: k, cert: c}",
        "basic_auth_users: {hunter2hunter2: ann}"}) {
    EXPECT_EQ(error(text, Schema::kWeb).find("hunter2"), std::string::npos);
  }
  EXPECT_EQ(error("tokens: [{sha256: hunter2hunter2}]", Schema::kRsocket).find("hunter2"),
            std::string::npos);
}

}  // namespace
}  // namespace prometheus_rsocket::access
