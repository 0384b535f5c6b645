// TLS of the seam (runtime/tls.h) on OpenSSL: 1.2 and 1.3, nothing that is not authenticated or has
// no key of its own for each connection, nothing resumed, nothing renegotiated.
//
// Settings are checked when they are made, and never change: all threads use them at once. Those
// that cannot work are an error, one line that names the field and says what is wrong with it.
//
// A handshake fails with an error of the stream below, or one of tls_error.h; the peer is told by
// an alert, and the connection kept for up to kAlertLingerTime so that the alert is not destroyed
// by a reset. docs/decisions/0015 has the choices and their reasons.
#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "runtime/tls.h"

namespace prometheus_rsocket::net {

inline constexpr std::chrono::seconds kAlertLingerTime{1};

// Clients' certificates are verified against client_authorities alone, each of which is an
// authority by itself, self-signed or not. They need the purpose clientAuth, if they name any.
// client_names_allowed are compared as text, case and all; they need certificates that are
// verified. cipher_suites are those of TLS 1.2; names of TLS 1.3 have no effect, and alone they
// end 1.2.
[[nodiscard]] boost::system::result<std::shared_ptr<const runtime::TlsServer>, std::string>
make_tls_server(const runtime::TlsServerConfig& config);

// The server's certificate has to be for the host by a subject alternative name: the common name
// does not count, and a wildcard stands for one whole label.
[[nodiscard]] boost::system::result<std::shared_ptr<const runtime::TlsClient>, std::string>
make_tls_client(const runtime::TlsClientConfig& config);

}  // namespace prometheus_rsocket::net
