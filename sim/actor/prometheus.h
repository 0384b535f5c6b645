// Who asks a proxy over HTTP: Prometheus, a stranger with curl, and the run itself, which reads the
// proxy's own metrics.
//
// Each lives in a process (Process::emplace). A Prometheus that scrapes several proxies is one of
// these for each, under one id and name; an HA pair is two ids and two names.
#pragma once

#include <memory>

#include "sim/actor/http_get.h"
#include "sim/actor/scraper.h"
#include "sim/world.h"

namespace prometheus_rsocket::sim::actor {

// Scrapes one proxy at a fixed interval, from a drawn phase on, until it is stopped.
class Prometheus final {
 public:
  // Begins within `interval` from now. A scrape whose turn comes while the last one is under way is
  // left out. `process` and `recorder` outlive it; `seed` is the world's.
  Prometheus(Process& process, history::Recorder& recorder, const ScraperConfig& config,
             base::Duration interval, std::uint64_t seed);

  // The next of its scrapes (see Scraper).
  void abort_next() { scraper_.abort_next(); }
  void slow_next(Scraper::Pace pace = {}) { scraper_.slow_next(pace); }
  // Its connection is ended by itself; the next scrape dials again.
  void lose_connection() { scraper_.hang_up(); }
  // Scrapes no more, and says goodbye after the scrape under way.
  void stop();
  [[nodiscard]] bool scraping() const { return scraper_.scraping(); }

 private:
  void scrape();

  runtime::Shard& shard_;
  const base::Duration interval_;
  Scraper scraper_;
  base::Instant next_;
  runtime::Alarm alarm_;
  bool stopped_ = false;
};

// Scrapes once, at once, under no name, and says goodbye: a person with curl. Keeps itself busy
// until then; made anew for each scrape.
class Stranger final {
 public:
  // `number`: of this stranger, for its draws from `seed`.
  Stranger(Process& process, history::Recorder& recorder, ScraperConfig config,
           std::uint64_t number, std::uint64_t seed);
  [[nodiscard]] bool done() const { return !scraper_.scraping(); }

 private:
  Scraper scraper_;
};

// Reads /metrics/proxy once, at once, and notes MetricsRead if that succeeds.
class MetricsReader final {
 public:
  MetricsReader(Process& process, history::Recorder& recorder, history::ProxyId proxy,
                const runtime::Endpoint& endpoint);
  [[nodiscard]] bool done() const { return get_.done(); }  // it has, or it cannot

 private:
  HttpGet get_;
};

}  // namespace prometheus_rsocket::sim::actor
