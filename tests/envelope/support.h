// What the envelope's tests share: seeded randomness, two key pairs made once, hex.
#pragma once

#include <charconv>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "envelope/key.h"
#include "envelope/rsa_key.h"

namespace prometheus_rsocket::envelope {

class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<std::byte> bytes) override {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(engine_() & 0xFF);
  }

 private:
  std::mt19937_64 engine_;
};

using Keys = std::vector<std::shared_ptr<const PrivateKey>>;

inline std::shared_ptr<const PrivateKey> key_pair(std::uint64_t seed) {
  SeededRandom random(seed);
  return make_rsa_private_key(1024, random).value();
}

inline const Keys& test_keys() {
  static const Keys keys = {key_pair(1), key_pair(2)};
  return keys;
}

inline std::unique_ptr<PublicKey> public_half(const PrivateKey& key) {
  return read_rsa_public_key(key.public_key_der()).value();
}

inline base::Bytes from_hex(std::string_view hex) {
  base::Bytes bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    bytes.push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

}  // namespace prometheus_rsocket::envelope
