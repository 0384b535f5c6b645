#include "access/authorization.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/ascii.h"

namespace prometheus_rsocket::access {
namespace {

using boost::system::result;

class AuthorizationCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "authorization"; }
  std::string message(int code) const override {
    switch (static_cast<AuthorizationError>(code)) {
      case AuthorizationError::kOtherScheme:
        return "credentials of another scheme, or none";
      case AuthorizationError::kMalformed:
        return "malformed credentials";
    }
    return "unknown error";
  }
};

// What follows the scheme and its spaces (RFC 9110, 11.4).
result<std::string_view> credentials_of(std::string_view header, std::string_view scheme) {
  const std::size_t space = header.find(' ');
  if (base::to_lower(header.substr(0, space)) != scheme) return AuthorizationError::kOtherScheme;
  const std::size_t start = header.find_first_not_of(' ', scheme.size());
  if (start == std::string_view::npos) return AuthorizationError::kMalformed;
  return header.substr(start);
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  std::string decoded;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::size_t value = kBase64.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U | static_cast<std::uint32_t>(value)) & 0xFFFFFFU;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    decoded += static_cast<char>(bits >> count & 0xFFU);
  }
  const bool has_spare_bits = (bits & ((1U << count) - 1)) != 0;
  if (has_spare_bits) return std::nullopt;
  return decoded;
}

}  // namespace

boost::system::error_code make_error_code(AuthorizationError error) {
  static const AuthorizationCategory category;
  return {static_cast<int>(error), category};
}

result<BasicCredentials> parse_basic(std::string_view header) {
  const auto credentials = credentials_of(header, "basic");
  if (!credentials) return credentials.error();
  const std::optional<std::string> text = decode_base64(*credentials);
  if (!text) return AuthorizationError::kMalformed;
  const std::size_t colon = text->find(':');
  if (colon == std::string::npos) return AuthorizationError::kMalformed;
  return BasicCredentials{text->substr(0, colon), text->substr(colon + 1)};
}

result<std::string_view> parse_bearer(std::string_view header) {
  const auto token = credentials_of(header, "bearer");
  if (token && !is_bearer_token(*token)) return AuthorizationError::kMalformed;
  return token;
}

bool is_bearer_token(std::string_view text) {
  const auto is_allowed = [](char c) {
    return kBase64.find(c) != std::string_view::npos || c == '-' || c == '.' || c == '_' ||
           c == '~';
  };
  text = text.substr(0, text.find_last_not_of('=') + 1);
  return !text.empty() && std::ranges::all_of(text, is_allowed);
}

}  // namespace prometheus_rsocket::access
