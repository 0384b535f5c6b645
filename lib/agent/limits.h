// The agent's times and bounds, each with its reason. What a user can configure starts from these.
#pragma once

#include <cstddef>

#include "base/time.h"
#include "rsocket/limits.h"

namespace prometheus_rsocket::agent {

using namespace std::chrono_literals;

// Micrometer's retry: 10 s doubling to 10 min, half of it as jitter.
inline constexpr base::Duration kFirstBackoff = 10s;
inline constexpr base::Duration kMaxBackoff = 10min;
inline constexpr unsigned kJitterPercent = 50;

// Of N clients that lose their proxy at once, at most 2N/5 may arrive a second at the others: a
// uniform moment in 5 s gives N/5 on average.
inline constexpr base::Duration kRedialSpread = 5s;

// A connection that ended sooner counts as a failure, so that a proxy or load balancer that accepts
// and closes is not dialled in a loop.
inline constexpr base::Duration kStableTime = 30s;

// Resolving, connecting and the WebSocket handshake together.
inline constexpr base::Duration kConnectTimeout = 10s;

// Connections that were asked to leave and still serve: one more, and one goes, for a proxy that
// asks everybody to leave must not collect us.
inline constexpr std::size_t kOldLinksMax = 2;

// How long a push waits for the proxy's acknowledgement; the Java client's.
inline constexpr base::Duration kPushTimeout = 5s;

static_assert(kFirstBackoff <= kMaxBackoff && kJitterPercent <= 100);
static_assert(kRedialSpread < kFirstBackoff && kConnectTimeout < kStableTime);

}  // namespace prometheus_rsocket::agent
