// SipHash-1-3: the hash of tables whose keys strangers choose.
//
// Who does not know the key cannot tell which inputs share a hash, and so cannot make a table slow
// (Aumasson and Bernstein, "SipHash: a fast short-input PRF"; one round a word and three at the
// end, as the hash tables of Rust and Python have it). It signs nothing.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace prometheus_rsocket::base {

// A secret: drawn once a process, never shown.
struct SipKey {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

namespace detail {

static_assert(std::endian::native == std::endian::little, "words are read as they lie");

inline std::uint64_t load_word(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// The last bytes.size() % 8 bytes, the first of them lowest.
inline std::uint64_t load_tail(std::string_view bytes) {
  const std::size_t count = bytes.size() % sizeof(std::uint64_t);
  if (count == 0) return 0;
  const char* const end = bytes.data() + bytes.size();
  if (bytes.size() > sizeof(std::uint64_t)) {
    return load_word(end - sizeof(std::uint64_t)) >> (64 - 8 * count);
  }
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return word;
}

struct SipState {
  std::array<std::uint64_t, 4> v;

  void round() {
    v[0] += v[1];
    v[2] += v[3];
    v[1] = std::rotl(v[1], 13) ^ v[0];
    v[3] = std::rotl(v[3], 16) ^ v[2];
    v[0] = std::rotl(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = std::rotl(v[1], 17) ^ v[2];
    v[3] = std::rotl(v[3], 21) ^ v[0];
    v[2] = std::rotl(v[2], 32);
  }
  void take(std::uint64_t word) {
    v[3] ^= word;
    round();
    v[0] ^= word;
  }
};

}  // namespace detail

[[nodiscard]] inline std::uint64_t sip_hash(const SipKey& key, std::string_view bytes) {
  detail::SipState state{{key.first ^ 0x736f6d6570736575, key.second ^ 0x646f72616e646f6d,
                          key.first ^ 0x6c7967656e657261, key.second ^ 0x7465646279746573}};
  const char* at = bytes.data();
  for (std::size_t words = bytes.size() / sizeof(std::uint64_t); words > 0; --words) {
    state.take(detail::load_word(at));
    at += sizeof(std::uint64_t);
  }
  state.take(std::uint64_t{bytes.size()} << 56 | detail::load_tail(bytes));
  state.v[2] ^= 0xff;
  for (int i = 0; i < 3; ++i) state.round();
  return state.v[0] ^ state.v[1] ^ state.v[2] ^ state.v[3];
}

}  // namespace prometheus_rsocket::base
