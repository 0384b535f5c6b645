// TLS at the seam: a connected stream becomes an encrypted one, and the peer may have proved who it
// is. Above the seam nobody sees more of TLS than this; lib/net makes these from settings, and the
// simulator has none.
//
// A side's settings are one immutable object, shared by all connections made with it: new settings
// (a renewed certificate) are a new object, and open connections stay as they are.
#pragma once

#include <boost/asio/async_result.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "runtime/handler.h"
#include "runtime/network.h"

namespace prometheus_rsocket::runtime {

enum class TlsVersion { kTls12, kTls13 };

// What a server asks of its clients; the names and the meaning are those of Go's crypto/tls, which
// Prometheus' web configuration uses.
enum class ClientCertificates {
  kNone,
  kRequest,           // asked for, not verified
  kRequireAny,        // needed, not verified
  kVerifyIfGiven,     // who shows one must show a good one
  kRequireAndVerify,  // mutual TLS
};

[[nodiscard]] constexpr bool needs_certificate(ClientCertificates asked) {
  return asked == ClientCertificates::kRequireAny || asked == ClientCertificates::kRequireAndVerify;
}
[[nodiscard]] constexpr bool verifies_certificate(ClientCertificates asked) {
  return asked == ClientCertificates::kVerifyIfGiven ||
         asked == ClientCertificates::kRequireAndVerify;
}

// Certificates and keys are PEM, as text: whoever reads files has read them.
struct TlsServerConfig {
  std::string certificates;  // the leaf first, then its chain
  std::string private_key;
  std::string client_authorities;  // who may sign clients' certificates; empty: nobody
  ClientCertificates client_certificates = ClientCertificates::kNone;
  std::vector<std::string> client_names_allowed;  // one SAN must be among them; empty: any is good
  TlsVersion version_min = TlsVersion::kTls12;
  TlsVersion version_max = TlsVersion::kTls13;
  std::vector<std::string> cipher_suites;  // of TLS 1.2, by IANA's names; empty: what is good today
  std::vector<std::string> curves;     // CurveP256, CurveP384, CurveP521, X25519; empty: the usual
  std::vector<std::string> protocols;  // ALPN, the preferred first; empty: not negotiated

  friend bool operator==(const TlsServerConfig&, const TlsServerConfig&) = default;
};

struct TlsClientConfig {
  std::string authorities;   // who may sign the server's certificate; empty: those of the system
  std::string certificates;  // of our own, for mutual TLS; empty: none
  std::string private_key;
  std::vector<std::string> protocols;  // ALPN, the preferred first; empty: not negotiated
};

// A subject alternative name. Its kind is part of it: who may have a DNS name of yours as an e-mail
// address is somebody else.
struct TlsName {
  enum class Kind { kDns, kUri, kEmail, kAddress };

  Kind kind = Kind::kDns;
  std::string text;

  friend bool operator==(const TlsName&, const TlsName&) = default;
};

// Who is at the other end.
struct TlsPeer {
  // Of a certificate that was *verified*, those of these kinds in their order. Empty: none was
  // shown, or nobody vouches for it.
  std::vector<TlsName> names;
  std::string protocol;  // by ALPN; empty: none
};

// The server's side.
class TlsServer {
 public:
  virtual ~TlsServer() = default;

  // Takes over a stream of which nothing has been read. Gives the encrypted one, on the same
  // executor; on an error the connection is closed, and there is none. It has no time limit of its
  // own: cancelling through the handler's slot ends it.
  //
  // `hold`: so long after a failure nothing is said to a peer that takes itself for connected, and
  // would take that for the end of a good connection: one that speaks no TLS, or that has done its
  // part of TLS 1.3 before its certificate is judged. The handler is told then, too.
  template <class Token>
  auto async_handshake(std::unique_ptr<Stream> stream, base::Duration hold, Token&& token) const {
    return boost::asio::async_initiate<Token, void(error_code, std::unique_ptr<Stream>, TlsPeer)>(
        [this](auto handler, std::unique_ptr<Stream> plain, base::Duration wait) {
          do_handshake(std::move(plain), wait, std::move(handler));
        },
        token, std::move(stream), hold);
  }
  template <class Token>
  auto async_handshake(std::unique_ptr<Stream> stream, Token&& token) const {
    return async_handshake(std::move(stream), base::Duration::zero(), std::forward<Token>(token));
  }

 private:
  virtual void do_handshake(
      std::unique_ptr<Stream> stream, base::Duration hold,
      Handler<void(error_code, std::unique_ptr<Stream>, TlsPeer)> handler) const = 0;
};

// The client's side.
class TlsClient {
 public:
  virtual ~TlsClient() = default;

  // As the server's; `host` is the name or address literal that the server's certificate must be
  // for, sent as SNI if it is a name.
  template <class Token>
  auto async_handshake(std::unique_ptr<Stream> stream, std::string host, Token&& token) const {
    return boost::asio::async_initiate<Token, void(error_code, std::unique_ptr<Stream>, TlsPeer)>(
        [this](auto handler, std::unique_ptr<Stream> plain, std::string name) {
          do_handshake(std::move(plain), std::move(name), std::move(handler));
        },
        token, std::move(stream), std::move(host));
  }

 private:
  virtual void do_handshake(
      std::unique_ptr<Stream> stream, std::string host,
      Handler<void(error_code, std::unique_ptr<Stream>, TlsPeer)> handler) const = 0;
};

}  // namespace prometheus_rsocket::runtime
