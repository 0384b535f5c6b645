// How TLS fails beside the errors of the stream below it, in words for a log. Each text is one of
// OpenSSL's or of ours: never the peer's.
#pragma once

#include <boost/system/error_code.hpp>

namespace prometheus_rsocket::net {

// The protocol: what the peer sent is wrong, is an alert, or offers nothing that is good here. The
// values are OpenSSL's error codes.
[[nodiscard]] const boost::system::error_category& tls_category();

// The peer's certificate was refused, and it was told so by an alert. The values are OpenSSL's
// X509_V_ERR_…, with a meaning of our own for two:
inline constexpr int kNoNameAllowed = 28;   // X509_V_ERR_CERT_REJECTED: client_names_allowed
inline constexpr int kMalformedNames = 41;  // X509_V_ERR_INVALID_EXTENSION: its SANs
[[nodiscard]] const boost::system::error_category& certificate_category();

}  // namespace prometheus_rsocket::net
