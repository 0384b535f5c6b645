// Which names a credential gives a right to: a token, or a verified certificate, binds its bearer
// to the (job, instance) pairs of its grants. A credential may have several.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/tls.h"

namespace prometheus_rsocket::access {

// Text in which `*` stands for any run of characters, none and `.` and `/` included; all else
// stands for itself, byte by byte. There is no escape.
class Glob {
 public:
  Glob() = default;  // anything
  explicit Glob(std::string pattern) : pattern_(std::move(pattern)) {}

  // No backtracking: at most as many steps as pattern times text has bytes, mostly far fewer.
  [[nodiscard]] bool matches(std::string_view text) const;
  [[nodiscard]] const std::string& pattern() const { return pattern_; }

  friend bool operator==(const Glob&, const Glob&) = default;

 private:
  std::string pattern_ = "*";
};

struct Grant {
  std::string name;  // of the credential, to be shown: never the credential
  Glob job;
  Glob instance;

  friend bool operator==(const Grant&, const Grant&) = default;
};

[[nodiscard]] bool allows(const Grant& grant, std::string_view job, std::string_view instance);
// The first of them that does; null: none, and nobody without a grant may.
[[nodiscard]] const Grant* find_allowing(std::span<const Grant> grants, std::string_view job,
                                         std::string_view instance);

// Tokens are kept as their SHA-256 alone: who reads our memory or files has none. That is no
// password's hash, and needs to be none: a token is as random as it is long.
using Digest = std::array<std::byte, 32>;

[[nodiscard]] Digest sha256(std::string_view text);

struct TokenGrant {
  Digest digest{};
  Grant grant;

  friend bool operator==(const TokenGrant&, const TokenGrant&) = default;
};

// Of a subject alternative name. One of another kind is another name, whatever its text: stars run
// over anything, and so what an e-mail address or the path of a URI ends with would be a DNS name.
struct CertificateGrant {
  runtime::TlsName::Kind kind = runtime::TlsName::Kind::kDns;
  Glob san;
  Grant grant;

  friend bool operator==(const CertificateGrant&, const CertificateGrant&) = default;
};

// The grants of whoever presents this token; none: it is no token of ours. Compares with all of
// them, in a time that tells nothing about them but their number.
[[nodiscard]] std::vector<Grant> grants_for_token(std::span<const TokenGrant> tokens,
                                                  std::string_view token);

// Those of whose verified certificate has these names.
[[nodiscard]] std::vector<Grant> grants_for_names(std::span<const CertificateGrant> certificates,
                                                  std::span<const runtime::TlsName> names);

}  // namespace prometheus_rsocket::access
