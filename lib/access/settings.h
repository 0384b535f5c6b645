// Who may talk to a listener: its configuration file, as values. Text in, values out; which files
// it names is for the caller to read.
//
// `--web.config.file` is the web configuration of Prometheus' exporter-toolkit
// (docs/web-configuration.md there): tls_server_config, http_server_config, basic_auth_users,
// rate_limit. `--rsocket.config.file` has the same tls_server_config, and what a client presents:
//
//   tokens:
//     - token_file: batch.token          # or sha256: 64 hexadecimal digits
//       name: batch jobs                 # for logs
//       job: nightly-*                   # whom its bearer may be; left out: anybody
//       instance: "*.batch.example.com"
//   certificates:
//     - san: "*.shop.example.com"        # of a verified client certificate: a DNS name
//       job: shop
//     - san: "URI:spiffe://example.com/shop/*"   # or email:…, IP:…; DNS:… is the first once more
//
// An empty file is a good one: no TLS, and nobody is asked. Beyond that a wrong setting never means
// open: unknown and repeated keys, values of another form, a list that was meant to restrict and is
// empty, and settings that have no effect without others are errors, also some that
// exporter-toolkit takes (docs/decisions/0014-access-is-asked-strictly.md).
#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/grant.h"
#include "access/password.h"
#include "base/time.h"
#include "runtime/tls.h"
#include "yaml/document.h"

namespace prometheus_rsocket::access {

enum class Schema { kWeb, kRsocket };

// An error, or something worth a line in the log. It shows no hash, key or token.
struct Diagnostic {
  std::string path;  // of the configuration file
  yaml::Place place;
  std::string message;

  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

// `FILE:LINE:COLUMN: MESSAGE`
[[nodiscard]] std::string to_string(const Diagnostic& diagnostic);

struct Header {
  std::string name;
  std::string value;

  friend bool operator==(const Header&, const Header&) = default;
};

// A token bucket for all requests together: one more each `interval`, at most `burst` saved up.
struct RateLimit {
  base::Duration interval{};
  unsigned burst = 0;

  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

struct Settings {
  std::optional<runtime::TlsServerConfig> tls;  // protocols are the listener's own
  Users users;                                  // none: nobody is asked
  std::vector<Header> headers;                  // of every response
  std::optional<RateLimit> rate_limit;
  std::vector<TokenGrant> tokens;
  std::vector<CertificateGrant> certificates;
  std::vector<Diagnostic> notices;  // settings without effect

  friend bool operator==(const Settings&, const Settings&) = default;
};

// A file that the configuration names, and where its content goes.
struct File {
  enum class Use { kCertificates, kPrivateKey, kClientAuthorities, kToken };

  Use use = Use::kCertificates;
  std::string path;     // relative to the working directory, if it is relative at all
  yaml::Place place;    // where it is named
  std::size_t token{};  // of kToken: which of Settings::tokens
};

// Settings that want these files to be complete.
struct Draft {
  std::string path;
  Settings settings;
  std::vector<File> files;
};

// `path`: of the file that the text is of; relative ones in it are relative to its folder.
[[nodiscard]] boost::system::result<Draft, Diagnostic> parse(std::string_view text,
                                                             const std::string& path,
                                                             Schema schema);

using ReadFile = std::function<boost::system::result<std::string>(const std::string& path)>;

// Certificates and keys are taken as they are: whether they are any good shows when a TlsServer is
// made of them. A token is what is in its file before the last line's end.
[[nodiscard]] boost::system::result<Settings, Diagnostic> load(Draft draft, const ReadFile& read);

}  // namespace prometheus_rsocket::access
