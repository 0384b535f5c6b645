// tokens, certificates.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "access/limits.h"
#include "access/section.h"
#include "base/ascii.h"
#include "base/hex.h"
#include "runtime/address.h"

namespace prometheus_rsocket::access {
namespace {

using yaml::Entry;
using yaml::Value;

void read_glob(Reading& reading, const Entry& entry, Glob& glob) {
  const Text text = read_needed_text(reading, entry);
  if (text.text.size() > kGlobBytesMax) reading.fail(entry, "it is too long");
  glob = Glob(text.text);
}

using Kind = runtime::TlsName::Kind;

// As OpenSSL writes them.
constexpr std::array<std::pair<std::string_view, Kind>, 4> kKinds = {
    {{"dns", Kind::kDns}, {"uri", Kind::kUri}, {"email", Kind::kEmail}, {"ip", Kind::kAddress}}};

bool consists_of(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

// As addresses of certificates are written here (net/tls_names.h): each in one way alone.
std::optional<std::string> address_glob(std::string_view text) {
  std::string glob = base::to_lower(text);
  if (glob.find('*') != std::string::npos) {
    if (!consists_of(glob, "0123456789abcdef:.*")) return std::nullopt;
    return glob;
  }
  const auto address = runtime::parse_address(glob);
  if (!address) return std::nullopt;
  return runtime::unmapped(*address).to_string();
}

// Of numbers alone is an IP address.
bool can_be_dns_name(std::string_view glob) {
  const bool is_of_numbers = consists_of(glob, "0123456789.*") && !consists_of(glob, ".*");
  return !is_of_numbers &&
         consists_of(base::to_lower(glob), "abcdefghijklmnopqrstuvwxyz0123456789-_.*");
}

// `GLOB` of a DNS name, or `KIND:GLOB`.
void read_san(Reading& reading, const Entry& entry, CertificateGrant& certificate) {
  const std::string text = read_needed_text(reading, entry).text;
  std::string_view glob = text;
  const std::size_t colon = text.find(':');
  const auto* const kind = std::ranges::find(
      kKinds, colon == std::string::npos ? "dns" : base::to_lower(glob.substr(0, colon)),
      &std::pair<std::string_view, Kind>::first);
  if (kind == kKinds.end()) {
    return reading.fail(entry, "it begins with no kind of names: DNS:, URI:, email: or IP:");
  }
  if (colon != std::string::npos) glob.remove_prefix(colon + 1);
  if (glob.empty()) return reading.fail(entry, "it has no value");
  if (glob.size() > kGlobBytesMax) return reading.fail(entry, "it is too long");
  certificate.kind = kind->second;
  certificate.san = Glob(std::string(glob));
  certificate.grant.name = text;
  // What cannot be of its kind would match nothing, and is most likely meant to be of another.
  if (certificate.kind == Kind::kAddress) {
    const auto canonical = address_glob(glob);
    if (!canonical) return reading.fail(entry, "it is no IP address");
    certificate.san = Glob(*canonical);
  } else if (certificate.kind == Kind::kDns && !can_be_dns_name(glob)) {
    reading.fail(entry, "it is no DNS name; other kinds begin with URI:, email: or IP:");
  }
}

std::optional<Digest> parse_digest(std::string_view text) {
  Digest digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const auto high = base::parse_hex_digit(text[2 * i]);
    const auto low = base::parse_hex_digit(text[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    digest[i] = static_cast<std::byte>(*high << 4U | *low);
  }
  return digest;
}

void read_digest(Reading& reading, const Entry& entry, std::optional<Digest>& digest) {
  digest = parse_digest(read_needed_text(reading, entry).text);
  if (!digest) return reading.fail(entry, "64 hexadecimal digits are expected");
  // What a script makes of a variable that is not set.
  if (*digest == sha256("") || *digest == sha256("\n")) {
    reading.fail(entry, "it is the digest of an empty token");
  }
}

void read_token(Reading& reading, const Value& value) {
  TokenGrant token;
  std::optional<Digest> digest;
  Text file;
  read_map(
      reading, value, "tokens",
      {{"name",
        [&](const Entry& entry) { token.grant.name = read_needed_text(reading, entry).text; }},
       {"token_file", [&](const Entry& entry) { file = read_needed_text(reading, entry); }},
       {"sha256", [&](const Entry& entry) { read_digest(reading, entry, digest); }},
       {"job", [&](const Entry& entry) { read_glob(reading, entry, token.grant.job); }},
       {"instance", [&](const Entry& entry) { read_glob(reading, entry, token.grant.instance); }}});
  if (file.is_given() == digest.has_value()) {
    reading.fail(value.place, "tokens: one of token_file and sha256 is expected");
  }
  if (file.is_given()) reading.want(File::Use::kToken, file.text, file.place);
  token.digest = digest.value_or(Digest{});
  reading.draft.settings.tokens.push_back(std::move(token));
}

void read_certificate(Reading& reading, const Value& value) {
  CertificateGrant certificate;
  bool has_san = false;
  read_map(reading, value, "certificates",
           {{"san",
             [&](const Entry& entry) {
               read_san(reading, entry, certificate);
               has_san = true;
             }},
            {"job", [&](const Entry& entry) { read_glob(reading, entry, certificate.grant.job); }},
            {"instance",
             [&](const Entry& entry) { read_glob(reading, entry, certificate.grant.instance); }}});
  if (!has_san) reading.fail(value.place, "certificates: san is missing");
  reading.draft.settings.certificates.push_back(std::move(certificate));
}

// An empty list is no way to say that nobody is asked.
void read_list(Reading& reading, const Entry& section,
               void (*read)(Reading& reading, const Value& value)) {
  if (section.value.kind != Value::Kind::kSequence || section.value.items.empty()) {
    reading.fail(section, "a list with entries is expected");
  }
  if (section.value.items.size() > kEntriesMax) reading.fail(section, "there are too many");
  for (const Value& item : section.value.items) {
    read(reading, item);
    if (reading.error) return;
  }
}

}  // namespace

void read_tokens(Reading& reading, const Entry& section) {
  read_list(reading, section, read_token);
}

void read_certificates(Reading& reading, const Entry& section) {
  read_list(reading, section, read_certificate);
}

}  // namespace prometheus_rsocket::access
