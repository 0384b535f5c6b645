// What the proxy tells of single clients over HTTP:
//
//   /metrics/clients/ID   one client's metrics, with an `up` of their own: 504 when it is too slow
//                         or gone, 502 when what it sends is no good, 404 when nobody has that ID
//   /sd                   all of them as targets for Prometheus' http_sd_configs
//   /api/v1/clients       all that is known of each, as JSON
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "http/exchange.h"
#include "runtime/runtime.h"
#include "server/config.h"
#include "server/negotiation.h"
#include "server/pages_under_way.h"
#include "server/registry.h"
#include "server/scrape_time.h"
#include "server/single_pulls.h"

namespace prometheus_rsocket::server {

// Lives on shard 0.
class ClientPages {
 public:
  // What it needs of the server it is part of; all of it outlives it.
  struct Services {
    const Registry& registry;
    SinglePulls& pulls;
    base::SipKey hash_key;
    // All of that pull is on its way to a scraper: of a compressed page some blocks may be
    // unwritten.
    std::function<void(PullId)> delivered;
  };
  using ExchangePtr = std::shared_ptr<http::Exchange>;

  ClientPages(runtime::Shard& shard, const Config& config, Services services)
      : shard_(shard), config_(config), services_(std::move(services)), pages_(shard) {}

  // `who`: whose scraper it is (pages_under_way.h).
  void handle_client(const ExchangePtr& exchange, std::string_view id, const std::string& who,
                     const Arrival& arrival);
  void handle_discovery(const ExchangePtr& exchange);
  void handle_table(const ExchangePtr& exchange);

  [[nodiscard]] const PagesUnderWay& pages() const { return pages_; }

 private:
  // Somebody who waits for a client to answer.
  struct Waiting {
    std::string who;
    ExchangePtr exchange;
    Negotiated negotiated;
    ConnectionId client;
    bool was_late = false;  // that client, the last time
    SinglePulls::Wait pull = {};
  };
  using Place = std::map<std::uint64_t, Waiting>::iterator;

  void refuse_one();
  [[nodiscard]] Place least_likely();
  void answer(const Waiting& waiting, const Reply& reply);
  [[nodiscard]] bool make_room(const std::string& who, std::uint64_t bytes);

  runtime::Shard& shard_;
  const Config& config_;
  Services services_;
  PagesUnderWay pages_;                       // each of as much weight as it takes bytes
  std::map<std::uint64_t, Waiting> waiting_;  // in the order in which they came
  std::uint64_t next_number_ = 0;
};

}  // namespace prometheus_rsocket::server
