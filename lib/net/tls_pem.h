// Certificates and keys out of PEM text. An error says what is wrong with `what`, in words.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "net/openssl.h"

namespace prometheus_rsocket::net {

// All certificates of a text, in their order; other blocks are passed over. At least one, or an
// error.
[[nodiscard]] boost::system::result<std::vector<X509Ptr>, std::string> read_certificates(
    std::string_view pem, const std::string& what);

// The first private key of a text. One behind a passphrase is an error: there is nobody to ask.
[[nodiscard]] boost::system::result<KeyPtr, std::string> read_private_key(std::string_view pem,
                                                                          const std::string& what);

}  // namespace prometheus_rsocket::net
