// Who may talk to the server, as it is now: each half is one immutable value, replaced as a whole
// when its file is read again.
#pragma once

#include <boost/system/result.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/settings.h"
#include "runtime/tls.h"

namespace prometheus_rsocket::server {

// What a peer has to show of itself in the handshake of TLS.
struct PeerProof {
  runtime::ClientCertificates certificate = runtime::ClientCertificates::kNone;
  bool of_names_allowed = false;  // client_allowed_sans
  // Without TLS nothing; else all settings but the server's own certificate and key: with another
  // of these a peer has shown no less.
  std::optional<runtime::TlsServerConfig> settings = {};

  // Nothing where there is no TLS.
  [[nodiscard]] static PeerProof of(std::optional<runtime::TlsServerConfig> tls);
  friend bool operator==(const PeerProof&, const PeerProof&) = default;
};

// Scrapers and people, over HTTP.
struct WebAccess {
  std::shared_ptr<const runtime::TlsServer> tls;  // null: in clear
  PeerProof proof = {};
  access::Users users;                  // none: nobody is asked
  std::vector<access::Header> headers;  // of every answer
  std::optional<access::RateLimit> rate_limit;
};

// What a client has shown of itself.
struct Credentials {
  std::vector<runtime::TlsName> names;  // of its verified certificate
  std::string token;                    // empty: none
};

// Applications, over RSocket.
struct ClientAccess {
  std::shared_ptr<const runtime::TlsServer> tls;
  PeerProof proof = {};
  std::vector<access::TokenGrant> tokens;
  std::vector<access::CertificateGrant> certificates;

  // Whether a client needs a token or a certificate with grants.
  [[nodiscard]] bool asks() const { return !tokens.empty() || !certificates.empty(); }
  [[nodiscard]] std::vector<access::Grant> grants(const Credentials& credentials) const;
};

struct Access {
  std::shared_ptr<const WebAccess> web = std::make_shared<WebAccess>();
  std::shared_ptr<const ClientAccess> clients = std::make_shared<ClientAccess>();
};

// What would be open that is not, in words; empty: nothing.
[[nodiscard]] std::string opened_by(const WebAccess& before, const WebAccess& after);
[[nodiscard]] std::string opened_by(const ClientAccess& before, const ClientAccess& after);

// What there is of it to be taken. Each half is good or not by itself: then it is one line that
// says what is wrong and where. One that says the same as before is the same value.
template <class Half>
using LoadedHalf = boost::system::result<std::shared_ptr<const Half>, std::string>;
struct LoadedAccess {
  LoadedHalf<WebAccess> web;
  LoadedHalf<ClientAccess> clients;
  std::vector<std::string> notices = {};  // for the log, a line each: settings without effect
};

// Where it comes from: files, below. Its functions block: they are called on a worker, or before
// anybody is served.
class AccessSource {
 public:
  virtual ~AccessSource() = default;
  [[nodiscard]] virtual LoadedAccess load() = 0;
  // Whether a file is another one since load(), whatever that has said, and the same as at the last
  // call: it is not being written.
  [[nodiscard]] virtual bool has_changed() = 0;
};

}  // namespace prometheus_rsocket::server
