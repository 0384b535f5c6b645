// One side's TLS settings, checked and ready: what all its connections share, on every thread.
#pragma once

#include <boost/system/result.hpp>
#include <memory>
#include <string>
#include <vector>

#include "net/openssl.h"
#include "runtime/tls.h"

namespace prometheus_rsocket::net {

// Not to be moved: the context points to what is beside it.
struct TlsContext {
  TlsContext() = default;
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  SslContextPtr ssl;
  bool verifies_peer = false;                     // the names of its certificate can be believed
  std::vector<std::string> client_names_allowed;  // empty: any
  std::string protocols;                          // ALPN, as on the wire
};

using TlsContextPtr = std::shared_ptr<const TlsContext>;

// An error says which setting is wrong, and why.
[[nodiscard]] boost::system::result<TlsContextPtr, std::string> make_context(
    const runtime::TlsServerConfig& config);
[[nodiscard]] boost::system::result<TlsContextPtr, std::string> make_context(
    const runtime::TlsClientConfig& config);

}  // namespace prometheus_rsocket::net
