// What the proxy tells of itself: plain counters, one set a shard, added up and written when asked.
//
// Names and labels are the seed's, so that its Grafana dashboard goes on working (operations.md,
// "Conventions"). Label values come from fixed sets, the names of clients aside.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "exposition/merge.h"
#include "push/push_store.h"

namespace prometheus_rsocket::server {

// The greatest value of the last two to four minutes, as Micrometer's `_max` gauges.
class RecentMax {
 public:
  void observe(double value, base::Instant now);
  [[nodiscard]] double value(base::Instant now) const;
  void add(const RecentMax& other);

 private:
  base::Instant window_begins_{};
  double current_ = 0;
  double previous_ = 0;
};

class Histogram {
 public:
  // `bounds`: upper ends of the buckets, rising, without +Inf; must outlive the histogram.
  explicit Histogram(std::span<const double> bounds)
      : bounds_(bounds), counts_(bounds.size() + 1) {}

  void observe(double value, base::Instant now);
  void add(const Histogram& other);  // REQUIRES: the same bounds

  [[nodiscard]] std::span<const double> bounds() const { return bounds_; }
  [[nodiscard]] std::span<const std::uint64_t> counts() const { return counts_; }  // not cumulative
  [[nodiscard]] double sum() const { return sum_; }
  [[nodiscard]] double recent_max(base::Instant now) const { return max_.value(now); }

 private:
  std::span<const double> bounds_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
  RecentMax max_;
};

// The seed's label `outcome`.
enum class PullOutcome : std::uint8_t { kSuccess, kClosed, kError, kTimeout };
inline constexpr std::size_t kPullOutcomes = 4;
inline constexpr std::array<std::string_view, kPullOutcomes> kOutcomeNames = {"success", "closed",
                                                                              "error", "timeout"};

// Why a client's payload is kept from the page.
enum class Quarantine : std::uint8_t {
  kEnvelope,
  kSnappy,
  kTooLarge,
  kUtf8,
  kMalformed,
  kPage,
  kInflight
};
inline constexpr std::size_t kQuarantines = 7;

// Why a connection ended that was not meant to.
enum class ConnectionError : std::uint8_t { kNotRSocket, kProtocol, kSetupTimeout, kKeepalive };
inline constexpr std::size_t kConnectionErrors = 4;

// Why a connection is refused for its PROXY header, or for its lack of one.
enum class HeaderFault : std::uint8_t { kMissing, kMalformed, kLate, kUntrusted };
inline constexpr std::size_t kHeaderFaults = 4;

inline constexpr std::size_t kTransports = 2;  // by transport::TransportKind
inline constexpr std::array<std::string_view, kTransports> kTransportNames = {"tcp", "websocket"};

struct ShardMetrics {
  ShardMetrics();
  void add(const ShardMetrics& other);

  std::uint64_t connections = 0;       // open now, with SETUP done
  std::uint64_t inflight_bytes = 0;    // of frames on their way in, held now
  std::uint64_t remembered_bytes = 0;  // of clients' last expositions
  std::array<Histogram, kPullOutcomes> scrape_seconds;
  Histogram payload_bytes;
  std::array<std::uint64_t, kQuarantines> quarantined{};
  std::array<std::array<std::uint64_t, kTransports>, kConnectionErrors> connection_errors{};
  std::array<std::uint64_t, kHeaderFaults> refused_for_header{};
  std::uint64_t refused_for_access = 0;  // held, since they may not be here
  std::uint64_t refused_for_tls = 0;     // their handshake failed
  std::uint64_t keepalive_timeouts = 0;
  std::uint64_t pushes_refused = 0;
};

// What only the shard that accepts and answers knows.
struct FrontMetrics {
  std::uint64_t refused_for_all = 0;      // held, since too many were connected
  std::uint64_t refused_for_address = 0;  // held, since too many were from their address
  std::uint64_t scrapes_refused = 0;      // 503, since too many at once
  std::uint64_t pages_broken_off = 0;     // their scrapers did not read, and others waited
  std::uint64_t scrapes_cut_short = 0;    // they went with what had come, since others waited
  std::uint64_t text_bytes = 0;           // of clients' texts and indexes, held anywhere
  // Quarantine::kPage: payloads that came when a page was full, or that pushes then took the room
  // of.
  std::uint64_t left_out_of_pulls = 0;
  std::uint64_t left_out_of_pages = 0;
  exposition::MergeStats merge;
  push::Counters push;
  bool reload_failed = false;               // of the files about access, the last time
  std::uint64_t reloaded_at_seconds = 0;    // when they were good, since 1970
  std::uint64_t requests_unauthorized = 0;  // 401
  std::uint64_t requests_too_many = 0;      // 429
  std::uint64_t requests_busy = 0;          // 503, too many passwords at once
};

// A client that has a name, for a series of its own: only those, so that there are no more than
// operators have named.
struct ClientUp {
  std::string job;
  std::string instance;
  bool is_up = false;  // its last scrape was good
  friend auto operator<=>(const ClientUp&, const ClientUp&) = default;
};

// The page of /metrics/proxy in text 0.0.4, up to the samples of prometheus_proxy_client_up.
// `shards` in the order of their index.
[[nodiscard]] std::string write_proxy_metrics(std::string_view version,
                                              std::span<const ShardMetrics> shards,
                                              const FrontMetrics& front, base::Instant now);
// One of these samples. REQUIRES: each has a name of its own.
void write_client_up(std::string& out, const ClientUp& client);

}  // namespace prometheus_rsocket::server
