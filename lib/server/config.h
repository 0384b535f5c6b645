// What an operator decides, as the server takes it: parsed, resolved and in range.
//
// The defaults are those of the flags (design.md, "Surface").
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/time.h"
#include "http/compression.h"
#include "push/push_store.h"
#include "runtime/network.h"
#include "server/address_range.h"

namespace prometheus_rsocket::server {

using namespace std::chrono_literals;

struct Config {
  // Port 0 takes a free one. Empty: that kind is not served.
  std::vector<runtime::Endpoint> web_addresses;
  std::vector<runtime::Endpoint> tcp_addresses;
  std::vector<runtime::Endpoint> websocket_addresses;

  std::size_t connections_max = 16'384;         // over it: held, then closed
  std::size_t connections_per_address_max = 0;  // likewise; 0: as many as there is room for
  // Load balancers: who is behind them is what they say (X-Forwarded-For of WebSocket upgrades, and
  // the PROXY header) …
  std::vector<AddressRange> trusted_proxies;
  // … which, with this, every RSocket connection of theirs has to begin with, and no other may.
  // Who is no balancer is served without. REQUIRES: trusted_proxies is not empty.
  bool proxy_protocol = false;
  // How old a connection grows before its client is sent away, to be spread anew; 0: without end.
  base::Duration connection_age_max{};
  std::size_t payload_bytes_max = std::size_t{16} << 20;
  // Of frames on their way in, all clients together, by even shares of the shards; a shard's share
  // is never less than one payload.
  std::size_t inflight_bytes_max = std::size_t{256} << 20;
  std::size_t uncompressed_bytes_max = std::size_t{64} << 20;

  base::Duration scrape_default_timeout = 10s;
  base::Duration scrape_timeout_offset = 500ms;
  bool scrape_honor_timestamps = true;  // false: pages have no timestamps of clients
  std::size_t scrapes_max = 4;          // at once; further ones wait within their deadline
  // Of memory that one page may hold on to: text, index and merging of the replies and pushes. A
  // quarter of it may hold clients' last replies from scrape to scrape.
  std::uint64_t page_bytes_max = std::uint64_t{1} << 30;
  http::Compression compression;  // of answers; not for operators

  push::Config push;
  base::Duration key_rotation = 1h;
  unsigned key_bits = 2048;
  base::Duration shutdown_grace = 30s;

  // Every sample of a client is given its job and instance; of one without a name no job, and its
  // address. Labels of these names that are the client's own are renamed.
  bool labels_identity = false;
  base::Duration sd_grace = 5min;        // how long a client that vanished is listed
  std::string web_external_address;      // where scrapers reach us; empty: what they call us
  bool web_health_without_auth = false;  // /-/healthy and /-/ready are for anybody
  bool web_lifecycle = false;            // /-/reload and /-/quit are there
  std::string version;
  // More text 0.0.4 for /metrics/proxy, about what only the operating system knows (process_*).
  // Called on shard 0; may be empty.
  std::function<std::string()> process_metrics;
};

}  // namespace prometheus_rsocket::server
