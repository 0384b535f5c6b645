// What a peer says of itself in an HTTP Authorization header.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>

namespace prometheus_rsocket::access {

enum class AuthorizationError {
  kOtherScheme = 1,  // it is not of the scheme that was asked about, or empty
  kMalformed,        // it is, and its credentials are not of that scheme's form
};

[[nodiscard]] boost::system::error_code make_error_code(AuthorizationError error);

struct BasicCredentials {
  std::string user;  // may be empty
  std::string password;

  friend bool operator==(const BasicCredentials&, const BasicCredentials&) = default;
};

// RFC 7617: `Basic BASE64(USER:PASSWORD)`. The scheme in upper or lower case; the Base64 with its
// padding and nothing that a strict encoder would not write (RFC 4648, 3.5).
[[nodiscard]] boost::system::result<BasicCredentials> parse_basic(std::string_view header);

// RFC 6750, 2.1: `Bearer TOKEN`. The token is a view of `header`.
[[nodiscard]] boost::system::result<std::string_view> parse_bearer(std::string_view header);

// Text that can be sent as a Bearer token: RFC 6750's b64token, which need not be Base64.
[[nodiscard]] bool is_bearer_token(std::string_view text);

}  // namespace prometheus_rsocket::access

template <>
struct boost::system::is_error_code_enum<prometheus_rsocket::access::AuthorizationError>
    : std::true_type {};
