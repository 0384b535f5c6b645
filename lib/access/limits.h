// Bounds on what a file says about access, each with its reason. That of a file's length is
// yaml/document.h's.
#pragma once

#include <chrono>
#include <cstddef>

namespace prometheus_rsocket::access {

// Every token presented is compared with all there are.
inline constexpr std::size_t kEntriesMax = 10'000;  // users, tokens, certificates: of each

// Matching takes at most pattern times text steps.
inline constexpr std::size_t kGlobBytesMax = 1024;

// Of a rate limit, interval times burst: times are counted in nanoseconds, of which there are three
// centuries.
inline constexpr std::chrono::hours kRateTimeMax{24 * 36'525};  // a century

// A token shorter than this can be guessed; a longer one than that fits no header.
inline constexpr std::size_t kTokenBytesMin = 16;
inline constexpr std::size_t kTokenBytesMax = 4096;
static_assert(kTokenBytesMin < kTokenBytesMax);

}  // namespace prometheus_rsocket::access
