// A Prometheus that finds its targets by a proxy's /sd (http_sd_configs) and scrapes each by
// itself, the pushes among them; and that reads the proxy's table of clients as often.
//
// Notes ListRead, and what a Prometheus notes of each target. A target that the list has no more is
// scraped no more; while the list cannot be read all stay.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/actor/client_list.h"
#include "sim/actor/http_get.h"
#include "sim/actor/prometheus.h"

namespace prometheus_rsocket::sim::actor {

class Discoverer final {
 public:
  // `scraper`: as for its scrapes of /metrics/connected, of which it makes none. Begins within
  // `refresh` from now. `process`, `recorder` and what `residents` asks outlive it.
  Discoverer(Process& process, history::Recorder& recorder, ScraperConfig scraper,
             base::Duration interval, base::Duration refresh, Residents residents,
             std::uint64_t seed);

  // Asks for nothing more, and says goodbye after the scrapes under way.
  void stop();
  [[nodiscard]] std::size_t targets() const { return targets_.size(); }

 private:
  void refresh();
  void read(history::List list, std::unique_ptr<HttpGet>& get);
  void take(history::List list, base::Instant asked, const peer::HttpResponse& response);
  void follow(const ClientList& list);
  void add_target(const std::string& path, const history::Page& page);

  Process& process_;
  runtime::Shard& shard_;
  history::Recorder& recorder_;
  const ScraperConfig scraper_;
  const base::Duration interval_;
  const base::Duration refresh_;
  const Residents residents_;
  const std::uint64_t seed_;
  base::Instant next_;
  runtime::Alarm alarm_;
  std::unique_ptr<HttpGet> targets_get_;
  std::unique_ptr<HttpGet> table_get_;
  std::map<std::string, std::unique_ptr<Prometheus>> targets_;  // by path
  std::vector<std::unique_ptr<Prometheus>> leaving_;            // with a scrape under way
};

}  // namespace prometheus_rsocket::sim::actor
