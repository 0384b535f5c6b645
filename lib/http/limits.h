// Every bound of the HTTP server, with its reason.
#pragma once

#include <cstddef>

#include "base/time.h"

namespace prometheus_rsocket::http {

using namespace std::chrono_literals;

inline constexpr std::size_t kRequestHeaderBytesMax = std::size_t{16} * 1024;
// Each is looked for among those before, to make one list of several. As Apache's httpd has it.
inline constexpr std::size_t kRequestHeaderFieldsMax = 100;
// Nothing served here takes a body; what a scraper sends along is read and dropped.
inline constexpr std::size_t kRequestBodyBytesMax = std::size_t{64} * 1024;

inline constexpr base::Duration kHandshakeTime = 10s;   // of TLS
inline constexpr base::Duration kIdleTime = 5min;       // between requests, as Go's servers
inline constexpr base::Duration kRequestTime = 10s;     // from a request's first byte to its last
inline constexpr base::Duration kWriteStallTime = 30s;  // for one piece of a body
inline constexpr base::Duration kAnswerTime = 2min;     // from a request to its answer's last byte
// After the last answer on a connection: how long the peer's FIN is waited for.
inline constexpr base::Duration kLingerTime = 5s;
// The same of an idle connection when the server ends: a scraper that looks closes within a round
// trip, and one that does not look holds up the end.
inline constexpr base::Duration kIdleLingerTime = 1s;

// Far more than scrapers and people; descriptors are for clients. One more, and one that lets us
// wait goes: of the address that has the most of them, or of any where none has more than a few. Of
// these, who stands still goes before who reads, if slowly, and who has let us wait the longest
// before all.
inline constexpr std::size_t kConnectionsMax = 512;
inline constexpr std::size_t kConnectionsFew = 16;  // of one address
inline constexpr base::Duration kStandstill = 2s;   // to have done nothing for so long
static_assert(kConnectionsFew < kConnectionsMax);
// Answers on one connection of which it is not known yet whether they arrived: a peer that
// pipelines more has these count as lost.
inline constexpr std::size_t kUnsettledMax = 16;
inline constexpr base::Duration kAcceptRetry = 1s;

// What a shard deflates at a time: 60 to 140 us of it, and no larger than one stream's pages
// (docs/performance.md).
inline constexpr std::size_t kGzipBlockBytes = std::size_t{128} * 1024;
// Of one body. More keep nobody busier: a page is merged about as fast as two shards deflate.
inline constexpr std::size_t kGzipBlocksMax = 6;
// Of all bodies together, under way on one shard: one that it works on and one that it goes on
// with.
inline constexpr std::size_t kGzipBlocksPerShardMax = 2;
// Room of blocks that is kept for the next ones, rather than mapped and unmapped for each.
inline constexpr std::size_t kGzipSpareTextsMax = 2;

// 512 KiB, as level 1 has it anyway: a body takes some 1.5 MiB. RFC 9659: HTTP has no windows over
// 8 MiB.
inline constexpr int kZstdWindowLog = 19;
static_assert(std::size_t{1} << kZstdWindowLog <= std::size_t{8} << 20);

}  // namespace prometheus_rsocket::http
