#include "server/scrape_time.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "server/limits.h"

namespace prometheus_rsocket::server {

ScrapeTime scrape_time(std::optional<std::string_view> header, const Config& config) {
  const ScrapeTime by_default{config.scrape_default_timeout, 2 * config.scrape_default_timeout};
  if (!header) return by_default;
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(header->data(), header->data() + header->size(), seconds);
  const bool whole = error == std::errc{} && end == header->data() + header->size();
  if (!whole || !std::isfinite(seconds) || seconds <= 0) return by_default;
  const double capped = std::min(seconds, std::chrono::duration<double>(kScrapeTimeoutMax).count());
  const auto page =
      std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(capped));
  return {page - std::min(config.scrape_timeout_offset, page / 2), page};
}

}  // namespace prometheus_rsocket::server
