// Certificate authorities and what they sign, made in memory for tests of TLS: ECDSA on P-256, as
// keys of it take no time.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus_rsocket::test {

// A certificate with its key, and what is sent with it; PEM.
struct Identity {
  std::string certificates;
  std::string private_key;
};

struct AlternativeName {
  enum class Kind { kDns, kUri, kEmail, kAddress };
  Kind kind = Kind::kDns;
  std::string bytes;  // of an address, its four or sixteen
};
[[nodiscard]] AlternativeName dns(std::string_view name);
[[nodiscard]] AlternativeName uri(std::string_view name);
[[nodiscard]] AlternativeName email(std::string_view name);
[[nodiscard]] AlternativeName address(std::string_view text);

struct Wishes {
  std::vector<AlternativeName> names = {dns("localhost"), address("127.0.0.1")};
  std::string purposes = "serverAuth,clientAuth";  // extended key usage; empty: none is named
  std::chrono::hours begin{-1};                    // from now
  std::chrono::hours end{24};
  std::string common_name = "leaf";
};

class Authority {
 public:
  explicit Authority(const std::string& name);  // self-signed
  ~Authority();
  Authority(Authority&& other) noexcept;
  Authority& operator=(Authority&& other) noexcept;

  [[nodiscard]] const std::string& certificate() const;  // PEM
  [[nodiscard]] Identity issue(const Wishes& wishes = {}) const;
  // One that this one vouches for; what it issues comes with its own certificate.
  [[nodiscard]] Authority intermediate(const std::string& name) const;

 private:
  struct Impl;
  explicit Authority(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The key of an identity behind a passphrase.
[[nodiscard]] std::string encrypted(const std::string& private_key);
// A self-signed certificate that nobody vouches for, with an RSA key of so many bits.
[[nodiscard]] Identity rsa_identity(int bits);

}  // namespace prometheus_rsocket::test
