// How long a scrape may take, as the scraper says.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"
#include "server/config.h"

namespace prometheus_rsocket::server {

// From X-Prometheus-Scrape-Timeout-Seconds.
struct ScrapeTime {
  base::Duration pull;  // for the clients
  // For the whole answer: the scraper's own limit, or as much again, so that one who hardly reads
  // keeps nobody out.
  base::Duration page;
  friend bool operator==(const ScrapeTime&, const ScrapeTime&) = default;
};
[[nodiscard]] ScrapeTime scrape_time(std::optional<std::string_view> header, const Config& config);

// When a request came, and how long its scraper waits from then on.
struct Arrival {
  base::Instant at;
  ScrapeTime time;

  [[nodiscard]] base::Instant pull_until() const { return at + time.pull; }
  [[nodiscard]] base::Instant page_until() const { return at + time.page; }
};

}  // namespace prometheus_rsocket::server
