// What the proxy answers over HTTP: the clients' page, its own metrics, whether it is well.
//
//   /metrics/connected   what all clients have, merged, and the pushes   (design.md, "What a scrape
//   /metrics/pushes      the pushes alone                                 promises")
//   /metrics/proxy       the proxy's own
//   /-/healthy, /-/ready
//   and what client_pages.h has of single clients
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/server.h"
#include "push/push_store.h"
#include "runtime/alarm.h"
#include "runtime/runtime.h"
#include "server/client_pages.h"
#include "server/config.h"
#include "server/metrics.h"
#include "server/negotiation.h"
#include "server/pull_service.h"

namespace prometheus_rsocket::server {

// Lives on shard 0.
class Web final : private http::RequestHandler {
 public:
  // What it needs of the server it is part of; all of it outlives it.
  struct Services {
    PullService& pulls;
    const Registry& registry;
    SinglePulls& single_pulls;
    push::PushStore& pushes;
    FrontMetrics& front;
    base::SipKey hash_key;
    std::function<void(std::function<void(std::vector<ShardMetrics>)>)> gather_metrics;
    // All of that pull is on its way to a scraper: of a compressed page some blocks may be
    // unwritten.
    std::function<void(PullId)> delivered;
    std::function<void()> pushes_changed;  // the store's next timeout may be another
  };

  Web(runtime::Process& process, const Config& config, Services services);
  ~Web() override;

  [[nodiscard]] runtime::error_code listen(const runtime::Endpoint& endpoint);
  [[nodiscard]] const std::vector<runtime::Endpoint>& endpoints() const { return endpoints_; }
  void start();
  void set_ready(bool ready) { ready_ = ready; }
  // Answers what is under way; then calls `stopped`.
  void stop(std::function<void()> stopped) { server_.stop(std::move(stopped)); }

 private:
  using ExchangePtr = std::shared_ptr<http::Exchange>;
  using Ticket = std::shared_ptr<void>;  // one of --scrape.max-concurrent; the last owner frees it
  struct Scrape {
    ExchangePtr exchange;
    push::ScraperId scraper;
    push::View view;
    Negotiated negotiated;
    base::Instant deadline;   // for the pull
    base::Instant late_from;  // hardly time is left to ask anybody
  };

  void handle(const ExchangePtr& exchange) override;
  void handle_scrape(const ExchangePtr& exchange, push::View view);
  void handle_proxy(const ExchangePtr& exchange);

  void admit();
  void refuse_late();
  [[nodiscard]] Ticket take_ticket();
  void run(Scrape scrape);
  void answer(const Scrape& scrape, PullService::Pulled pulled, Ticket ticket);
  void count(const exposition::MergeStats& stats);

  runtime::Shard& shard_;
  const Config& config_;
  Services services_;
  ClientPages client_pages_;
  bool ready_ = true;
  std::shared_ptr<const bool> alive_ = std::make_shared<bool>(true);  // for tickets
  std::size_t running_ = 0;
  std::deque<Scrape> waiting_;
  runtime::Alarm waiting_alarm_;
  std::vector<runtime::Endpoint> endpoints_;
  std::vector<std::unique_ptr<runtime::Listener>> listeners_;  // until start()
  http::Server server_;                                        // goes first: it calls us
};

// The scraper's name (design.md, promise 5); nothing when `?scraper=` is none.
[[nodiscard]] std::optional<push::ScraperId> scraper_of(const http::Request& request);

}  // namespace prometheus_rsocket::server
