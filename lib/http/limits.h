// Every bound of the HTTP server, with its reason.
#pragma once

#include <cstddef>

#include "base/time.h"

namespace prometheus_rsocket::http {

using namespace std::chrono_literals;

inline constexpr std::size_t kRequestHeaderBytesMax = std::size_t{16} * 1024;
// Nothing served here takes a body; what a scraper sends along is read and dropped.
inline constexpr std::size_t kRequestBodyBytesMax = std::size_t{64} * 1024;

inline constexpr base::Duration kIdleTime = 5min;       // between requests, as Go's servers
inline constexpr base::Duration kRequestTime = 10s;     // from a request's first byte to its last
inline constexpr base::Duration kWriteStallTime = 30s;  // for one piece of a body
inline constexpr base::Duration kAnswerTime = 2min;     // from a request to its answer's last byte
// After the last answer on a connection: how long the peer's FIN is waited for.
inline constexpr base::Duration kLingerTime = 5s;

// Far more than scrapers and people; descriptors are for clients. One more, and who has been idle
// the longest goes.
inline constexpr std::size_t kConnectionsMax = 512;
// Answers on one connection of which it is not known yet whether they arrived: a peer that
// pipelines more has these count as lost.
inline constexpr std::size_t kUnsettledMax = 16;
inline constexpr base::Duration kAcceptRetry = 1s;

}  // namespace prometheus_rsocket::http
