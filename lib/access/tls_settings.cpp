// tls_server_config.
#include <algorithm>
#include <array>

#include "access/section.h"

namespace prometheus_rsocket::access {
namespace {

using runtime::ClientCertificates;
using runtime::TlsServerConfig;
using runtime::TlsVersion;
using yaml::Entry;

// The section as it is written.
struct Written {
  Text cert, cert_file;
  Text key, key_file;
  Text client_ca, client_ca_file;
  Text client_auth_type;
  std::vector<Text> client_allowed_sans;
  Text min_version, max_version;
  std::vector<Text> cipher_suites;
  std::vector<Text> curve_preferences;
};

constexpr std::pair<std::string_view, ClientCertificates> kClientAuthTypes[] = {
    {"NoClientCert", ClientCertificates::kNone},
    {"RequestClientCert", ClientCertificates::kRequest},
    {"RequireAnyClientCert", ClientCertificates::kRequireAny},
    {"RequireClientCert", ClientCertificates::kRequireAny},  // its old name
    {"VerifyClientCertIfGiven", ClientCertificates::kVerifyIfGiven},
    {"RequireAndVerifyClientCert", ClientCertificates::kRequireAndVerify},
};

constexpr std::pair<std::string_view, std::optional<TlsVersion>> kVersions[] = {
    {"TLS13", TlsVersion::kTls13},
    {"TLS12", TlsVersion::kTls12},
    {"TLS11", std::nullopt},
    {"TLS10", std::nullopt},
};

enum class Suite { kTls12, kTls13, kUnsafe };

// All that Go's crypto/tls has names for.
constexpr std::pair<std::string_view, Suite> kCipherSuites[] = {
    {"TLS_AES_128_GCM_SHA256", Suite::kTls13},
    {"TLS_AES_256_GCM_SHA384", Suite::kTls13},
    {"TLS_CHACHA20_POLY1305_SHA256", Suite::kTls13},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", Suite::kTls12},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", Suite::kTls12},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", Suite::kTls12},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", Suite::kTls12},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", Suite::kTls12},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", Suite::kTls12},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Suite::kTls12},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Suite::kTls12},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", Suite::kTls12},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", Suite::kTls12},
    {"TLS_RSA_WITH_RC4_128_SHA", Suite::kUnsafe},
    {"TLS_RSA_WITH_3DES_EDE_CBC_SHA", Suite::kUnsafe},
    {"TLS_RSA_WITH_AES_128_CBC_SHA", Suite::kUnsafe},
    {"TLS_RSA_WITH_AES_256_CBC_SHA", Suite::kUnsafe},
    {"TLS_RSA_WITH_AES_128_CBC_SHA256", Suite::kUnsafe},
    {"TLS_RSA_WITH_AES_128_GCM_SHA256", Suite::kUnsafe},
    {"TLS_RSA_WITH_AES_256_GCM_SHA384", Suite::kUnsafe},
    {"TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", Suite::kUnsafe},
    {"TLS_ECDHE_RSA_WITH_RC4_128_SHA", Suite::kUnsafe},
    {"TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", Suite::kUnsafe},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", Suite::kUnsafe},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", Suite::kUnsafe},
};

constexpr std::array<std::string_view, 4> kCurves = {"CurveP256", "CurveP384", "CurveP521",
                                                     "X25519"};

Written read_keys(Reading& reading, const Entry& section) {
  Written written;
  const auto text = [&reading](Text& to) {
    return [&reading, &to](const Entry& entry) { to = read_text(reading, entry); };
  };
  const auto texts = [&reading](std::vector<Text>& to) {
    return [&reading, &to](const Entry& entry) { to = read_texts(reading, entry); };
  };
  read_map(reading, section.value, section.key,
           {{"cert", text(written.cert)},
            {"cert_file", text(written.cert_file)},
            {"key", text(written.key)},
            {"key_file", text(written.key_file)},
            {"client_ca", text(written.client_ca)},
            {"client_ca_file", text(written.client_ca_file)},
            {"client_auth_type", text(written.client_auth_type)},
            {"client_allowed_sans",
             [&](const Entry& entry) {
               written.client_allowed_sans = read_texts(reading, entry);
               if (written.client_allowed_sans.empty()) reading.fail(entry, "the list is empty");
             }},
            {"min_version", text(written.min_version)},
            {"max_version", text(written.max_version)},
            {"cipher_suites", texts(written.cipher_suites)},
            {"curve_preferences", texts(written.curve_preferences)},
            {"prefer_server_cipher_suites", [&reading](const Entry& entry) {
               check_boolean(reading, entry);
               reading.notice(entry, "it is without effect: the server's order counts");
             }}});
  return written;
}

// One of `text`, within the configuration, and `file`; false: neither is given.
bool take_pem(Reading& reading, std::string_view name, const Text& text, const Text& file,
              std::string& pem, File::Use use) {
  if (text.is_given() && file.is_given()) {
    reading.fail(std::max(text.place, file.place),
                 std::string(name) + " and " + std::string(name) + "_file: one is enough");
  }
  pem = text.text;
  if (file.is_given()) reading.want(use, file.text, file.place);
  return text.is_given() || file.is_given();
}

void take_certificate(Reading& reading, const Entry& section, const Written& written,
                      TlsServerConfig& tls) {
  const bool has_certificate = take_pem(reading, "cert", written.cert, written.cert_file,
                                        tls.certificates, File::Use::kCertificates);
  if (!has_certificate) {
    reading.fail(section.key_place, section.key + ": cert or cert_file is missing");
  }
  const bool has_key = take_pem(reading, "key", written.key, written.key_file, tls.private_key,
                                File::Use::kPrivateKey);
  if (!has_key) reading.fail(section.key_place, section.key + ": key or key_file is missing");
}

void take_client_auth(Reading& reading, const Written& written, TlsServerConfig& tls) {
  const Text& type = written.client_auth_type;
  if (type.is_given()) {
    tls.client_certificates =
        look_up<ClientCertificates>(reading, type, "client_auth_type", kClientAuthTypes)
            .value_or(tls.client_certificates);
  }
  const Text& authority = written.client_ca.is_given() ? written.client_ca : written.client_ca_file;
  const bool has_authority =
      take_pem(reading, "client_ca", written.client_ca, written.client_ca_file,
               tls.client_authorities, File::Use::kClientAuthorities);
  if (has_authority && tls.client_certificates == ClientCertificates::kNone) {
    reading.fail(authority.place, "client_ca needs a client_auth_type that asks for certificates");
  }
  if (!has_authority && runtime::verifies_certificate(tls.client_certificates)) {
    reading.fail(type.place, "client_auth_type: client_ca or client_ca_file is missing");
  }
}

void take_allowed_names(Reading& reading, const Written& written, TlsServerConfig& tls) {
  for (const Text& name : written.client_allowed_sans) {
    if (!runtime::verifies_certificate(tls.client_certificates)) {
      reading.fail(name.place,
                   "client_allowed_sans needs a client_auth_type that verifies certificates");
    }
    tls.client_names_allowed.push_back(name.text);
  }
}

void take_version(Reading& reading, const Text& text, std::string_view name, TlsVersion& version) {
  if (!text.is_given()) return;
  const auto found = look_up<std::optional<TlsVersion>>(reading, text, name, kVersions);
  if (!found) return;
  if (!*found) {
    reading.fail(text.place, std::string(name) + ": " + text.text + " is not offered");
  }
  version = found->value_or(version);
}

// A list of TLS 1.3's alone leaves none for TLS 1.2, as in Go, where all of 1.3's are always on.
void take_cipher_suites(Reading& reading, const Written& written, TlsServerConfig& tls) {
  for (const Text& text : written.cipher_suites) {
    const auto suite = look_up<Suite>(reading, text, "cipher_suites", kCipherSuites);
    if (suite == Suite::kUnsafe) {
      reading.fail(text.place, "cipher_suites: it is not safe: " + text.text);
    }
    if (suite == Suite::kTls12) tls.cipher_suites.push_back(text.text);
  }
  if (written.cipher_suites.empty() || !tls.cipher_suites.empty()) return;
  if (tls.version_max == TlsVersion::kTls12) {
    reading.fail(written.cipher_suites.front().place, "cipher_suites: none is of TLS 1.2");
  }
  tls.version_min = TlsVersion::kTls13;
}

void take_curves(Reading& reading, const Written& written, TlsServerConfig& tls) {
  for (const Text& text : written.curve_preferences) {
    if (std::ranges::find(kCurves, text.text) == kCurves.end()) {
      reading.fail(text.place, "curve_preferences: unknown: " + yaml::shown(text.text));
    }
    tls.curves.push_back(text.text);
  }
}

}  // namespace

void read_tls(Reading& reading, const Entry& section) {
  const Written written = read_keys(reading, section);
  if (reading.error) return;
  if (section.value.entries.empty()) {
    return reading.fail(section, "it is empty: all would be in clear");
  }
  TlsServerConfig tls;
  take_certificate(reading, section, written, tls);
  take_client_auth(reading, written, tls);
  take_allowed_names(reading, written, tls);
  take_version(reading, written.min_version, "min_version", tls.version_min);
  take_version(reading, written.max_version, "max_version", tls.version_max);
  if (tls.version_max < tls.version_min) {
    reading.fail(written.min_version.place, "min_version: it is above max_version");
  }
  take_cipher_suites(reading, written, tls);
  take_curves(reading, written, tls);
  reading.draft.settings.tls = std::move(tls);
}

}  // namespace prometheus_rsocket::access
