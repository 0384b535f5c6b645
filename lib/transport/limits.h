// The bounds of a connection's bytes on their way, each with its reason.
#pragma once

#include <cstddef>

#include "base/time.h"
#include "rsocket/limits.h"

namespace prometheus_rsocket::transport {

using namespace std::chrono_literals;

// A peer that takes no byte for so long is gone or hostile (wire-protocol limits, outbound queue).
inline constexpr base::Duration kWriteStallTime = 30s;

// In the middle of a frame that has taken room, a peer of which no byte comes for so long is gone
// or hostile too: no KEEPALIVE of its own could get past that frame.
inline constexpr base::Duration kReadStallTime = kWriteStallTime;

// After our goodbye: how long the peer's own end is waited for, so that our last bytes are not
// destroyed by a reset.
inline constexpr base::Duration kLingerTime = 2s;

// Frames handed to one write. More only makes a stall harder to see.
inline constexpr std::size_t kWriteBatchBytes = std::size_t{256} * 1024;

// A WebSocket upgrade request: a token and what proxies on the way add.
inline constexpr std::size_t kUpgradeBytesMax = std::size_t{16} * 1024;

// A PROXY header of version 1, its CRLF included ("The PROXY protocol", 2.1: the longest there is)
// …
inline constexpr std::size_t kProxyLineBytesMax = 107;
// … and one of version 2 with its TLVs, which may declare 64 KiB: what nginx takes
// (NGX_PROXY_PROTOCOL_MAX_HEADER), twice what a client's certificate in it needs.
inline constexpr std::size_t kProxyHeaderBytesMax = 4096;

// What one read of a WebSocket message asks for: as much as has come, between these.
inline constexpr std::size_t kReadBytesMin = 512;
inline constexpr std::size_t kReadBytesMax = std::size_t{64} * 1024;

// A client's name and labels in SETUP, as JSON; the rest of that frame is small.
inline constexpr std::size_t kIdentityBytesMax = std::size_t{32} * 1024;

// A job, an instance, an incarnation, or a label's name or value: it stands in tables and logs.
inline constexpr std::size_t kIdentityTextBytesMax = 1024;
inline constexpr std::size_t kIdentityLabelsMax = 64;

static_assert(kLingerTime < kWriteStallTime);
static_assert(kIdentityBytesMax < rsocket::kSetupFrameBytesMax);
static_assert(kProxyLineBytesMax < kProxyHeaderBytesMax);

}  // namespace prometheus_rsocket::transport
