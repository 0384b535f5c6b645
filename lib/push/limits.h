// Every limit of lib/push, with its reason (design.md, "What a scrape promises", 5).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace prometheus_rsocket::push {

// Held at most, by default (`--push.max-count`, `--push.max-bytes`: text and index, as they are in
// memory); beyond, a put is refused.
inline constexpr std::size_t kPushesMax = 100'000;
inline constexpr std::uint64_t kPushBytesMax = std::uint64_t{256} << 20;

// How long after its first showing a push waits for the other scrapers (`--push.ttl`).
inline constexpr base::Duration kPushTtl = std::chrono::minutes(10);

// Scrapers tracked, a name on each view being one: a stranger inventing names costs bounded memory.
inline constexpr std::size_t kScrapersMax = 16;

// A scraper is regular, and so delays releases, when two of its complete scrapes lie at most this
// far apart; it has gone away this long after its last one.
inline constexpr base::Duration kRegularWindow = std::chrono::minutes(5);

// After a start every regular scraper gets this long to come back before anything goes early.
inline constexpr base::Duration kStartGrace = std::chrono::minutes(5);

// What could not be written is tried again after a while, which doubles.
inline constexpr base::Duration kJournalRetryMin = std::chrono::seconds(1);
inline constexpr base::Duration kJournalRetryMax = std::chrono::minutes(1);

// Damaged files that are kept for people to look at.
inline constexpr int kSetAsideMax = 8;

static_assert(kScrapersMax <= 32, "who has seen a push is a 32-bit mask");
static_assert(kStartGrace >= kRegularWindow, "a regular scraper shows up within the grace");
static_assert(kPushTtl > kRegularWindow, "a scraper that vanished stops delaying before the ttl");
static_assert(kPushBytesMax / kPushesMax >= 1024, "a full count leaves a page's worth to each");

}  // namespace prometheus_rsocket::push
