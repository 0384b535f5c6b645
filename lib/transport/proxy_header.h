// The PROXY protocol: the first bytes of a connection that came through a load balancer, which say
// whose it is (haproxy.org, "The PROXY protocol", versions 1 & 2). Sans-I/O.
//
// Its receiver has to know beforehand whether a header comes, and never guesses it (section 2
// there): a client that may write its own header may be whoever it likes.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <cstddef>
#include <optional>

#include "base/bytes.h"
#include "runtime/network.h"

namespace prometheus_rsocket::transport {

// Why a connection is refused for its header, or for its lack of one.
enum class ProxyHeaderError {
  kMissing = 1,    // its first bytes begin no header
  kMalformed,      // a header begins, and is none
  kTooLong,        // over the 107 bytes of version 1, or over kProxyHeaderBytesMax
  kCutShort,       // the connection ended within it
  kLate,           // it was not whole in time
  kFromUntrusted,  // it is there, from an address that is not asked for one
};
[[nodiscard]] boost::system::error_code make_error_code(ProxyHeaderError error);

struct ProxyHeader {
  // Who dialled the balancer; IPv4 also where it was written as ::ffff:a.b.c.d. None: the
  // connection is the balancer's own (LOCAL), or it does not say whose it is in terms of TCP
  // (UNKNOWN, UNSPEC, UDP, a UNIX socket): the address of the peer stands.
  std::optional<runtime::Endpoint> source;
  std::size_t bytes = 0;  // of the header; the connection's own bytes follow

  friend bool operator==(const ProxyHeader&, const ProxyHeader&) = default;
};

// What the first bytes of a connection say: the header; nothing when more bytes are needed;
// kMissing, kMalformed or kTooLong. Once it has said something, more bytes do not change it. Of
// version 2 the TLVs are skipped, unread.
[[nodiscard]] boost::system::result<std::optional<ProxyHeader>> read_proxy_header(
    base::ByteView received);

// Whether the first bytes of a connection begin a header of either version, whole or not; nothing
// when more bytes are needed. No RSocket frame, HTTP request or TLS record begins like one.
[[nodiscard]] std::optional<bool> begins_proxy_header(base::ByteView received);

}  // namespace prometheus_rsocket::transport

template <>
struct boost::system::is_error_code_enum<prometheus_rsocket::transport::ProxyHeaderError>
    : std::true_type {};
