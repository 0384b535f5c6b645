// Limits of the envelope: how large a text, and which keys, are believed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace prometheus_rsocket::envelope {

// Per call of open(); configurable by the user.
struct Limits {
  // Largest text after decompression. The Snappy preamble is held to it before allocating.
  std::size_t text_size_max = std::size_t{64} << 20;
};

// A connection keeps at most this many keys; open() tries no more.
inline constexpr std::size_t kKeysTriedMax = 3;

inline constexpr unsigned kRsaBitsMin = 1024;  // below, a key protects nothing
inline constexpr unsigned kRsaBitsMax = 8192;  // above, a hostile key costs too much CPU
inline constexpr unsigned kRsaExponentBitsMax = 64;
inline constexpr std::size_t kRsaPublicKeyDerMax = 2048;

static_assert(kRsaBitsMax / 8 < kRsaPublicKeyDerMax);
// OAEP with SHA-256 leaves room for an AES-128 key: k - 2 * 32 - 2 >= 16.
static_assert(kRsaBitsMin / 8 - 2 * 32 - 2 >= 16);

// A Snappy element of 3 bytes yields at most 64: nothing valid expands further than 64/3
// (Snappy format description, "Copies").
inline constexpr std::uint64_t kSnappyCopySizeMax = 64;
inline constexpr std::uint64_t kSnappyCopyElementSize = 3;

}  // namespace prometheus_rsocket::envelope
