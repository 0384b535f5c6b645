#include "server/access.h"

#include <iterator>
#include <utility>

namespace prometheus_rsocket::server {
namespace {

using runtime::needs_certificate;
using runtime::verifies_certificate;

bool asks_less(const PeerProof& before, const PeerProof& after) {
  return (needs_certificate(before.certificate) && !needs_certificate(after.certificate)) ||
         (verifies_certificate(before.certificate) && !verifies_certificate(after.certificate)) ||
         (before.of_names_allowed && !after.of_names_allowed);
}

std::string no_more(const std::string& what) {
  return what + ", and is not any more: the proxy has to be started anew for that";
}

}  // namespace

PeerProof PeerProof::of(std::optional<runtime::TlsServerConfig> tls) {
  if (!tls) return {};
  tls->certificates.clear();
  tls->private_key.clear();
  return {tls->client_certificates, !tls->client_names_allowed.empty(), std::move(tls)};
}

std::vector<access::Grant> ClientAccess::grants(const Credentials& credentials) const {
  auto granted = access::grants_for_names(certificates, credentials.names);
  auto by_token = access::grants_for_token(tokens, credentials.token);
  std::move(by_token.begin(), by_token.end(), std::back_inserter(granted));
  return granted;
}

std::string opened_by(const WebAccess& before, const WebAccess& after) {
  if (before.tls && !after.tls) return no_more("there was TLS for HTTP");
  if (!before.users.empty() && after.users.empty()) return no_more("a user was asked for");
  if (asks_less(before.proof, after.proof)) {
    return no_more("more was asked of certificates over HTTP");
  }
  return {};
}

std::string opened_by(const ClientAccess& before, const ClientAccess& after) {
  if (before.tls && !after.tls) return no_more("there was TLS for clients");
  if (asks_less(before.proof, after.proof)) {
    return no_more("more was asked of clients' certificates");
  }
  if (before.asks() && !after.asks()) return no_more("a token or certificate was asked for");
  return {};
}

}  // namespace prometheus_rsocket::server
