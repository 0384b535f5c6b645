// What a client's answer to one pull becomes: validated text with its index, ready to be merged.
//
// Made on the client's shard, immutable from then on, read by the shard that answers the scrape.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/strong_id.h"
#include "base/time.h"
#include "exposition/exposition.h"
#include "server/metrics.h"

namespace prometheus_rsocket::server {

using PullId = base::StrongId<struct PullIdTag, std::uint64_t>;

// One connection over the life of the process; never used again.
struct ConnectionId {
  std::size_t shard = 0;
  std::uint64_t serial = 0;
  friend auto operator<=>(const ConnectionId&, const ConnectionId&) = default;
};

using exposition::Exposition;

// The longest-connected is first, and wins where clients disagree or room is short.
using Seniority = std::pair<base::Instant, ConnectionId>;

// Pulls of one client count apart from those of everybody, and those that only want to know whether
// somebody is there apart from both: these are no scrapes.
inline constexpr std::uint64_t kFirstSinglePull = std::uint64_t{1} << 62U;
inline constexpr std::uint64_t kFirstProbe = std::uint64_t{1} << 63U;
[[nodiscard]] constexpr bool is_probe(PullId pull) { return pull.value >= kFirstProbe; }

// How a client did at one scrape.
struct ScrapeRecord {
  PullOutcome outcome{};
  base::Instant at{};  // when it was known
  base::Duration took{};
  std::size_t payload_bytes = 0;  // as they came; 0 where nothing did
  std::size_t samples = 0;
  std::string reason = {};  // what is wrong, for people; empty if nothing is
  bool is_refused = false;  // what came is not let onto the page
};

// Of who was late, as the reason.
inline constexpr std::string_view kLateReason = "it did not answer in time";

struct Reply {
  base::Instant connected_at;
  ConnectionId client;
  bool tardy = false;                            // it was late in its last scrapes
  std::shared_ptr<const Exposition> exposition;  // none: it has nothing for the page
  ScrapeRecord record = {};

  [[nodiscard]] Seniority seniority() const { return {connected_at, client}; }
};

}  // namespace prometheus_rsocket::server
