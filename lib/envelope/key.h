// The two halves of a key pair, as the envelope sees them: what wraps an AES key, what unwraps it.
//
// Implementations are immutable: one object may be used by any number of threads at once.
#pragma once

#include <array>
#include <boost/system/result.hpp>
#include <cstddef>
#include <span>

#include "base/bytes.h"

namespace prometheus_rsocket::envelope {

// Where randomness comes from: production hands in the system's, a test a seeded one.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void fill(std::span<std::byte> bytes) = 0;
};

// AES-128, made afresh for every payload.
struct AesKey {
  std::array<std::byte, 16> bytes{};

  friend bool operator==(const AesKey&, const AesKey&) = default;
};

class PublicKey {
 public:
  virtual ~PublicKey() = default;

  // Errors: kCannotSeal.
  [[nodiscard]] virtual boost::system::result<base::Bytes> wrap(const AesKey& key,
                                                                RandomSource& random) const = 0;

  // X.509 SubjectPublicKeyInfo in DER; valid as long as this object.
  [[nodiscard]] virtual base::ByteView der() const = 0;
};

class PrivateKey {
 public:
  virtual ~PrivateKey() = default;

  // What a client is given: X.509 SubjectPublicKeyInfo in DER; valid as long as this object.
  [[nodiscard]] virtual base::ByteView public_key_der() const = 0;

  // Errors: kCannotOpen alone, whatever is wrong. Takes the same time for every `wrapped` of the
  // modulus' length and below it in value.
  [[nodiscard]] virtual boost::system::result<AesKey> unwrap(base::ByteView wrapped) const = 0;
};

}  // namespace prometheus_rsocket::envelope
