// One who scrapes one proxy over HTTP, a scrape at a time, on a connection that it keeps: what
// Prometheus and a person with curl have in common (prometheus.h).
//
// Notes ScrapeBegan, ScrapeEnded and ScrapeConfirmed. The last not when the next request or the FIN
// is sent, but when something shows that the proxy got it: its answer begins, its own FIN follows.
// So what is confirmed is surely complete for the proxy; the reverse is not so.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "runtime/alarm.h"
#include "sim/actor/scrape_connection.h"
#include "sim/draw.h"
#include "sim/history/recorder.h"

namespace prometheus_rsocket::sim::actor {

struct ScraperConfig {
  history::ScraperId id;
  history::ProxyId proxy;
  runtime::Endpoint endpoint;  // the proxy's, for HTTP
  history::Page page = {};
  std::string path = "/metrics/connected";  // of that page
  std::string name;                         // ?scraper=; empty: none
  std::string user_agent = "Prometheus/2.42.0";
  base::Duration timeout = std::chrono::seconds(10);  // its own, and as the header tells
  std::uint32_t gzip_percent = 50;                    // of its requests that ask for gzip
  std::uint32_t zstd_percent = 20;                    // for zstd, or gzip rather
  std::uint32_t openmetrics_percent = 50;             // and for OpenMetrics
};

class Scraper final : private ScrapeConnection::Owner {
 public:
  // Reads its page slowly: a few bytes at a time.
  struct Pace {
    std::size_t bytes = 256;
    base::Duration gap = std::chrono::milliseconds(20);
  };

  // `shard` and `recorder` outlive it.
  Scraper(runtime::Shard& shard, history::Recorder& recorder, ScraperConfig config, Draws draws);
  ~Scraper() override;  // aborts
  Scraper(const Scraper&) = delete;
  Scraper& operator=(const Scraper&) = delete;

  // Scrapes now; `done` is called once when that has ended, however. Does nothing, and drops
  // `done`, while one is under way.
  void scrape(std::function<void()> done = {});
  [[nodiscard]] bool scraping() const { return current_.has_value(); }

  // The next scrape is reset when its answer has begun.
  void abort_next() { aborts_next_ = true; }
  // The next scrape is read slowly.
  void slow_next(Pace pace) { slow_next_ = pace; }
  // Says goodbye on its connection, if there is one and no scrape is under way: the next scrape
  // dials again.
  void hang_up();

 private:
  struct Scrape {
    history::ScrapeId id;
    bool aborts = false;
    bool redials = false;  // when its connection is found dead
    std::function<void()> done;
  };

  void dial();
  void give_up_dial();
  void request();
  void on_begun() override;
  void on_answer(peer::HttpResponse response) override;
  void on_ended(runtime::error_code error, std::size_t bytes) override;
  void break_off(history::ScrapeResult result);
  void end(history::ScrapeEnded how);

  runtime::Shard& shard_;
  history::Recorder& recorder_;
  const ScraperConfig config_;
  Draws draws_;
  bool aborts_next_ = false;
  std::optional<Pace> slow_next_;
  std::optional<Scrape> current_;
  std::optional<history::ScrapeId> unconfirmed_;  // the last whole answer on this connection
  std::shared_ptr<ScrapeConnection> connection_;  // shared with the operations under way
  std::shared_ptr<int> dial_;                     // the one under way; a late one finds it gone
  boost::asio::cancellation_signal cancel_dial_;
  runtime::Alarm timeout_;
  runtime::Alarm abort_;
};

}  // namespace prometheus_rsocket::sim::actor
