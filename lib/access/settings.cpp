#include "access/settings.h"

#include <utility>

#include "access/authorization.h"
#include "access/limits.h"
#include "access/section.h"

namespace prometheus_rsocket::access {
namespace {

using boost::system::result;
using runtime::ClientCertificates;
using yaml::Entry;
using yaml::Value;

void read_web(Reading& reading, const Value& root) {
  const auto foreign = [&reading](const Entry& entry) {
    reading.fail(entry.key_place, entry.key + ": it belongs into --rsocket.config.file");
  };
  read_map(reading, root, "the file",
           {{"tls_server_config", [&](const Entry& entry) { read_tls(reading, entry); }},
            {"http_server_config", [&](const Entry& entry) { read_http(reading, entry); }},
            {"basic_auth_users", [&](const Entry& entry) { read_users(reading, entry); }},
            {"rate_limit", [&](const Entry& entry) { read_rate_limit(reading, entry); }},
            {"tokens", foreign},
            {"certificates", foreign}});
}

// Tokens go over TLS alone, and a certificate counts for something only when it is verified.
void check_grants(Reading& reading, yaml::Place tokens, yaml::Place certificates) {
  const Settings& settings = reading.draft.settings;
  if (!settings.tokens.empty() && !settings.tls) {
    reading.fail(tokens, "tokens: they need tls_server_config");
  }
  if (settings.certificates.empty()) return;
  const auto asked = settings.tls ? settings.tls->client_certificates : ClientCertificates::kNone;
  if (!runtime::verifies_certificate(asked)) {
    reading.fail(certificates,
                 "certificates: they need a client_auth_type that verifies certificates");
  }
}

void read_rsocket(Reading& reading, const Value& root) {
  yaml::Place tokens;
  yaml::Place certificates;
  const auto foreign = [&reading](const Entry& entry) {
    reading.fail(entry.key_place, entry.key + ": it belongs into --web.config.file");
  };
  read_map(reading, root, "the file",
           {{"tls_server_config", [&](const Entry& entry) { read_tls(reading, entry); }},
            {"tokens",
             [&](const Entry& entry) {
               tokens = entry.key_place;
               read_tokens(reading, entry);
             }},
            {"certificates",
             [&](const Entry& entry) {
               certificates = entry.key_place;
               read_certificates(reading, entry);
             }},
            {"http_server_config", foreign},
            {"basic_auth_users", foreign},
            {"rate_limit", foreign}});
  check_grants(reading, tokens, certificates);
}

// What is wrong with a token's file, or nothing.
std::string take_token(std::string_view content, TokenGrant& token) {
  if (content.ends_with('\n')) content.remove_suffix(1);
  if (content.ends_with('\r')) content.remove_suffix(1);
  if (content.size() < kTokenBytesMin || content.size() > kTokenBytesMax) {
    return "a token has " + std::to_string(kTokenBytesMin) + " to " +
           std::to_string(kTokenBytesMax) + " characters";
  }
  if (!is_bearer_token(content)) return "it holds no token as of RFC 6750";
  token.digest = sha256(content);
  return {};
}

// The same of a PEM file.
std::string take_pem(std::string content, std::string& pem) {
  if (content.empty()) return "it is empty";
  pem = std::move(content);
  return {};
}

std::string take(std::string content, const File& file, Settings& settings) {
  switch (file.use) {
    case File::Use::kCertificates:
      return take_pem(std::move(content), settings.tls->certificates);
    case File::Use::kPrivateKey:
      return take_pem(std::move(content), settings.tls->private_key);
    case File::Use::kClientAuthorities:
      return take_pem(std::move(content), settings.tls->client_authorities);
    case File::Use::kToken:
      return take_token(content, settings.tokens[file.token]);
  }
  return {};
}

}  // namespace

std::string to_string(const Diagnostic& diagnostic) {
  return yaml::to_string(diagnostic.path, diagnostic.place) + ": " + diagnostic.message;
}

result<Draft, Diagnostic> parse(std::string_view text, const std::string& path, Schema schema) {
  const auto root = yaml::parse(text);
  if (!root) return Diagnostic{path, root.error().place, root.error().message};
  Reading reading{{path, {}, {}}, std::nullopt};
  if (schema == Schema::kWeb) {
    read_web(reading, *root);
  } else {
    read_rsocket(reading, *root);
  }
  if (reading.error) return *std::move(reading.error);
  return std::move(reading.draft);
}

result<Settings, Diagnostic> load(Draft draft, const ReadFile& read) {
  for (const File& file : draft.files) {
    const auto wrong = [&](const std::string& why) {
      // Without its name: where that was taken for the content, it is the secret itself.
      return Diagnostic{draft.path, file.place, "the file that is named here: " + why};
    };
    result<std::string> content = read(file.path);
    if (!content) return wrong(content.error().message());
    const std::string why = take(*std::move(content), file, draft.settings);
    if (!why.empty()) return wrong(why);
  }
  return std::move(draft.settings);
}

}  // namespace prometheus_rsocket::access
