// Every bound of the RSocket core, with its reason. What a user can configure starts from these.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace prometheus_rsocket::rsocket {

using namespace std::chrono_literals;

// A length prefix has 24 bits (RSocket 1.0, "Framing Format").
inline constexpr std::size_t kFrameBytesMax = 0xFF'FFFF;
inline constexpr std::size_t kFrameHeaderBytes = 6;
inline constexpr std::size_t kLengthPrefixBytes = 3;
inline constexpr std::uint32_t kU31Max = 0x7FFF'FFFF;

// A SETUP carries names, labels and a token, never a page.
inline constexpr std::size_t kSetupFrameBytesMax = std::size_t{64} * 1024;
// KEEPALIVE, CANCEL, REQUEST_N, LEASE: nothing honest needs more.
inline constexpr std::size_t kControlFrameBytesMax = 1024;
// Java answers a failed scrape with its exception's message, which has no bound: a longer ERROR
// counts without its text.
inline constexpr std::size_t kErrorFrameBytesMax = std::size_t{64} * 1024;
// What we send of an error's text, and keep.
inline constexpr std::size_t kErrorTextBytesMax = kControlFrameBytesMax - kFrameHeaderBytes - 4;
// A longer frame is judged by its header: thrown away unread where nobody waits for its body.
inline constexpr std::size_t kUnaskedFrameBytesMax = 1024;

// Below this a non-final fragment makes rsocket-java close the connection.
inline constexpr std::size_t kFragmentBytesMin = 64;

inline constexpr std::size_t kPayloadBytesMax =
    std::size_t{16} * 1024 * 1024;  // reassembled, metadata included
inline constexpr base::Duration kReassemblyTime = 30s;

inline constexpr base::Duration kFirstFrameTime = 10s;
inline constexpr base::Duration kLifetimeMin = 10s;
inline constexpr base::Duration kLifetimeMax = 5min;

inline constexpr std::size_t kInboundStreamsMax = 8;
inline constexpr std::size_t kOutboundQueueBytesMax = std::size_t{256} * 1024;
// What a frame that waits to be written takes beside its bytes: its buffer's three pointers, what
// the allocator adds, and while it is written a prefix and two references.
inline constexpr std::size_t kQueuedFrameBytes = 64;

// Keepalives a peer may send at once, and how fast that allowance grows back. Java sends one in 20
// s.
inline constexpr std::uint32_t kKeepaliveBurst = 16;
inline constexpr base::Duration kKeepaliveRefill = 1s;
// … for a peer that declared a shorter interval in SETUP (PyPI's rsocket: 500 ms).
inline constexpr base::Duration kKeepaliveRefillMin = 50ms;

static_assert(kControlFrameBytesMax < kSetupFrameBytesMax && kSetupFrameBytesMax < kFrameBytesMax);
static_assert(kControlFrameBytesMax <= kUnaskedFrameBytesMax);  // control frames are always read
static_assert(kFragmentBytesMin > kFrameHeaderBytes + kLengthPrefixBytes);
static_assert(kLifetimeMin <= kLifetimeMax && kFirstFrameTime <= kLifetimeMin);
static_assert(kReassemblyTime < kLifetimeMax);

}  // namespace prometheus_rsocket::rsocket
