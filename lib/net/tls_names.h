// Whom a certificate is for.
#pragma once

#include <openssl/x509.h>

#include <optional>
#include <vector>

#include "runtime/tls.h"

namespace prometheus_rsocket::net {

// Its subject alternative names that are DNS names, URIs, e-mail and IP addresses, as text and in
// their order. Nothing when the extension or one of them is malformed: a zero byte, which ends a
// name for some of its readers and not for others, anything else that is not printable ASCII, no
// byte at all, an IP address of another length.
[[nodiscard]] std::optional<std::vector<runtime::TlsName>> alternative_names(
    const X509& certificate);

}  // namespace prometheus_rsocket::net
