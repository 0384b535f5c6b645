#include "sim/actor/prometheus.h"

#include <charconv>
#include <string_view>
#include <utility>

namespace prometheus_rsocket::sim::actor {
namespace {

Draws draws_of(std::uint64_t seed, std::string_view what, const ScraperConfig& config) {
  const std::uint64_t whom = mix(mix(hash_of(what), config.id.value), config.proxy.value);
  const bool is_of_all = config.page.view == history::View::kConnected;
  return {seed, is_of_all ? whom : mix(whom, hash_of(config.path))};
}

ScraperConfig as_curl(ScraperConfig config) {
  config.name.clear();
  config.user_agent = "curl/7.88.1";
  return config;
}

// Sample to value, as written; comments are left out.
std::map<std::string, double> read_samples(std::string_view page) {
  std::map<std::string, double> values;
  while (!page.empty()) {
    const std::size_t end = page.find('\n');
    const std::string_view line = page.substr(0, end);
    page.remove_prefix(end == std::string_view::npos ? page.size() : end + 1);
    const std::size_t blank = line.rfind(' ');
    if (line.starts_with("#") || blank == std::string_view::npos) continue;
    double value = 0;
    const auto [rest, error] =
        std::from_chars(line.data() + blank + 1, line.data() + line.size(), value);
    if (error == std::errc{}) values.emplace(line.substr(0, blank), value);
  }
  return values;
}

}  // namespace

Prometheus::Prometheus(Process& process, history::Recorder& recorder, const ScraperConfig& config,
                       base::Duration interval, std::uint64_t seed)
    : shard_(process.shard(0)),
      interval_(interval),
      scraper_(shard_, recorder, config, draws_of(seed, "scrapes", config)),
      alarm_(shard_, [this] { scrape(); }) {
  Draws phase = draws_of(seed, "phase", config);
  next_ = shard_.clock.now() + phase.up_to(interval - base::Duration(1));
  alarm_.set(next_);
}

void Prometheus::scrape() {
  next_ += interval_;
  alarm_.set(next_);
  scraper_.scrape([this] {
    if (stopped_) scraper_.hang_up();
  });
}

void Prometheus::stop() {
  stopped_ = true;
  alarm_.clear();
  scraper_.hang_up();
}

Stranger::Stranger(Process& process, history::Recorder& recorder, ScraperConfig config,
                   std::uint64_t number, std::uint64_t seed)
    : scraper_(process.shard(0), recorder, as_curl(std::move(config)),
               Draws(seed, mix(hash_of("stranger"), number))) {
  scraper_.scrape([this] { scraper_.hang_up(); });
}

MetricsReader::MetricsReader(Process& process, history::Recorder& recorder, history::ProxyId proxy,
                             const runtime::Endpoint& endpoint)
    : get_(process.shard(0), endpoint, "/metrics/proxy", std::nullopt,
           [&recorder, proxy](const std::optional<peer::HttpResponse>& response) {
             if (!response || response->status != 200) return;
             recorder.note(history::MetricsRead{proxy, read_samples(response->body)});
           }) {}

}  // namespace prometheus_rsocket::sim::actor
