// Rare branches that a simulated exploration must have reached: each is named here, counted where
// it is taken, and a campaign in which one stays at zero has not tested it (docs/simulation.md,
// "Must happen"). Counting costs a relaxed increment on a branch that is rare by definition.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace prometheus_rsocket::base {

enum class Probe : std::uint8_t {
  // server
  kGivenUp,            // a scrape went without a client that had not replied
  kPullShared,         // a scrape joined the pull of another
  kTardyGrace,         // those late before were waited for a little longer than the others
  kScrapeRefused,      // 503, too many at once
  kScrapeCutShort,     // it had to go with what had come
  kOlderKeyOpened,     // a payload was sealed for a key before the newest
  kPageAbandoned,      // a page did not arrive, or it is not known
  kConnectionHeld,     // over the limit
  kSentAwayByScrape,   // a client was sent away once its last scrape was written
  kOveraged,           // a client was sent away for its connection's age
  kClientGoneMidPull,  // a client's reply was taken off a pull since it had ended
  kNameReplaced,       // a process came again, and its old connection stands for nothing any more
  kNameProbed,         // another process has that name: whether the one before it is there is asked
  kNameLost,           // it was not, and lost the name
  kNameShared,         // both stay, flagged
  kDepartedAsked,      // 504 for a client that has vanished
  kSinglePullShared,   // a client's page joined another's pull
  kHeaderRefused,      // a PROXY header that is wrong, missing, or nobody's to send
  kForwardedBelieved,  // X-Forwarded-For said whose a connection is
  // push
  kPushesCommittedTogether,  // several changes in one transaction
  kPushNotWritten,           // the disk refused
  kPushFileSetAside,         // it was damaged
  // transport
  kWriteStalled,  // a peer that reads nothing was given up
  kLingered,      // the peer's own end did not come in time after our goodbye
  // agent
  kRedialledSoon,   // after a stable connection
  kBackoffCapped,   // the longest backoff was reached
  kNextAddress,     // a dial went on to another address of the name
  kReplyForNobody,  // the text was ready when the connection that asked had ended
  kMoved,           // scraped elsewhere, it left the proxy that had asked it to
  kPushTimedOut,    // no acknowledgement in time
  kCount,
};
inline constexpr std::size_t kProbes = static_cast<std::size_t>(Probe::kCount);

inline std::array<std::atomic<std::uint64_t>, kProbes> g_probes{};

inline void reached(Probe probe) {
  g_probes[static_cast<std::size_t>(probe)].fetch_add(1, std::memory_order_relaxed);
}

// `given_up`
[[nodiscard]] std::string_view to_string(Probe probe);

}  // namespace prometheus_rsocket::base
