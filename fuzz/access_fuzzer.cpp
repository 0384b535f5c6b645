// What says who may talk to a listener, under arbitrary bytes: configuration files, Authorization
// headers, globs. The first byte says which, the second is passed over (a line's end, in the
// corpus). Passwords are left out: a hash costs what it costs.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "access/authorization.h"
#include "access/limits.h"
#include "access/settings.h"
#include "base/check.h"

namespace prometheus_rsocket::access {
namespace {

void check_diagnostic(const Diagnostic& diagnostic, std::string_view text) {
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  // yaml-cpp reads one character behind the end, in an escape.
  CHECK(diagnostic.place.line <= lines && diagnostic.place.column <= text.size() + 2,
        "it is within the text");
  CHECK((diagnostic.place.line == 0) == (diagnostic.place.column == 0), "or it is nowhere");
  CHECK(!diagnostic.message.empty() && diagnostic.message.size() < 256, "a message is a line");
  CHECK(std::ranges::all_of(diagnostic.message, [](char c) { return c >= ' ' && c <= '~'; }),
        "that can be printed");
}

void check_tls(const runtime::TlsServerConfig& tls) {
  CHECK(!tls.certificates.empty() && !tls.private_key.empty(), "a server shows a certificate");
  CHECK(tls.version_min <= tls.version_max, "there is a version");
  const bool verifies = tls.client_certificates == runtime::ClientCertificates::kVerifyIfGiven ||
                        tls.client_certificates == runtime::ClientCertificates::kRequireAndVerify;
  CHECK(!verifies || !tls.client_authorities.empty(), "somebody vouches for clients");
  CHECK(verifies || tls.client_names_allowed.empty(), "names are those of verified certificates");
}

void check_file(std::string_view text, Schema schema) {
  const auto draft = parse(text, "folder/file.yml", schema);
  if (!draft) return check_diagnostic(draft.error(), text);
  const auto settings = load(*draft, [](const std::string&) {
    return boost::system::result<std::string>("a-token-or-a-certificate\n");
  });
  CHECK(settings, "its files are good ones");
  for (const Diagnostic& notice : settings->notices) check_diagnostic(notice, text);
  if (settings->tls) check_tls(*settings->tls);
  for (const auto& [name, hash] : settings->users) CHECK(is_bcrypt(hash), "users have hashes");
  for (const TokenGrant& token : settings->tokens) {
    CHECK(token.digest != Digest{}, "no token is left without its digest");
  }
  const bool is_web = schema == Schema::kWeb;
  CHECK(is_web || (settings->users.empty() && settings->headers.empty()), "scrapers' own");
  CHECK(!is_web || (settings->tokens.empty() && settings->certificates.empty()), "clients' own");
  CHECK(settings->tls || (settings->tokens.empty() && settings->certificates.empty()),
        "credentials go over TLS");
}

void check_authorization(std::string_view header) {
  const auto basic = parse_basic(header);
  const auto bearer = parse_bearer(header);
  CHECK(!basic || !bearer, "a header has one scheme");
  if (basic) CHECK(basic->user.find(':') == std::string::npos, "a name has no colon");
  if (bearer)
    CHECK(is_bearer_token(*bearer) && header.ends_with(*bearer), "it is all that follows");
}

bool matches_by_table(std::string_view pattern, std::string_view text) {
  std::string reached(text.size() + 1, '\0');  // by the pattern so far: which prefixes of the text
  reached[0] = 1;
  for (const char c : pattern) {
    if (c == '*') {
      const std::size_t first = std::min(reached.find('\1'), reached.size());
      std::fill(reached.begin() + static_cast<std::ptrdiff_t>(first), reached.end(), '\1');
      continue;
    }
    for (std::size_t i = text.size(); i > 0; --i) {
      reached[i] = reached[i - 1] != 0 && text[i - 1] == c ? 1 : 0;
    }
    reached[0] = 0;
  }
  return reached.back() != 0;
}

// A pattern, and the text behind the first line's end.
void check_glob(std::string_view lines) {
  const std::size_t end = std::min(lines.find('\n'), lines.size());
  const std::string_view pattern = lines.substr(0, std::min(end, kGlobBytesMax));
  const std::string_view text = lines.substr(std::min(end + 1, lines.size())).substr(0, 4096);
  CHECK(Glob(std::string(pattern)).matches(text) == matches_by_table(pattern, text),
        "a star is any run of characters");
}

void check(std::string_view input) {
  if (input.size() < 2) return;
  const std::string_view rest = input.substr(2);
  switch (input.front()) {
    case 'w':
      return check_file(rest, Schema::kWeb);
    case 'r':
      return check_file(rest, Schema::kRsocket);
    case 'a':
      return check_authorization(rest);
    case 'g':
      return check_glob(rest);
    default:
      return;
  }
}

}  // namespace
}  // namespace prometheus_rsocket::access

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  prometheus_rsocket::access::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
