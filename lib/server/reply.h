// What a client's answer to one pull becomes: validated text with its index, ready to be merged.
//
// Made on the client's shard, immutable from then on, read by the shard that answers the scrape.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>

#include "base/strong_id.h"
#include "base/time.h"
#include "exposition/scan.h"

namespace prometheus_rsocket::server {

using PullId = base::StrongId<struct PullIdTag, std::uint64_t>;

// One connection over the life of the process; never used again.
struct ConnectionId {
  std::size_t shard = 0;
  std::uint64_t serial = 0;
  friend auto operator<=>(const ConnectionId&, const ConnectionId&) = default;
};

// Valid text; `index` points into it.
struct Exposition {
  std::string text;
  exposition::Index index;
};

struct Reply {
  base::Instant connected_at;  // with `client` the seniority: the longest-connected wins
  ConnectionId client;
  bool tardy = false;                            // it was late in its last scrapes
  std::shared_ptr<const Exposition> exposition;  // none: it has nothing for the page
};

}  // namespace prometheus_rsocket::server
