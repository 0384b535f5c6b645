// What the proxy answers over HTTP: the clients' page, its own metrics, whether it is well.
//
//   /metrics/connected   what all clients have, merged, and the pushes   (design.md, "What a scrape
//   /metrics/pushes      the pushes alone                                 promises")
//   /metrics/proxy       the proxy's own
//   /-/healthy, /-/ready
//   /-/reload, /-/quit   by POST or PUT, where they are wanted
//   and what client_pages.h has of single clients
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/server.h"
#include "push/push_store.h"
#include "runtime/runtime.h"
#include "server/client_pages.h"
#include "server/config.h"
#include "server/gate.h"
#include "server/log_limit.h"
#include "server/metrics.h"
#include "server/negotiation.h"
#include "server/pull_service.h"
#include "server/scrape_queue.h"
#include "server/scrape_time.h"
#include "server/text_budget.h"

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
    const TextBudget& texts;
    base::SipKey hash_key;
    std::function<void(std::function<void(std::vector<ShardMetrics>)>)> gather_metrics;
    // All of that pull is on its way to a scraper: of a compressed page some blocks may be
    // unwritten.
    std::function<void(PullId)> delivered;
    std::function<void()> pushes_changed;  // the store's next timeout may be another
    // Reads the files about access again; then what is wrong with them, or nothing.
    std::function<void(std::function<void(std::optional<std::string>)>)> reload;
    std::function<void()> quit;
  };

  Web(runtime::Process& process, const Config& config, Services services);
  ~Web() override;

  [[nodiscard]] runtime::error_code listen(const runtime::Endpoint& endpoint);
  [[nodiscard]] const std::vector<runtime::Endpoint>& endpoints() const { return endpoints_; }
  // Who is let in from now on; connections that are there end, when idle now and when busy after
  // their answer. `worker` looks at passwords; null where there are no users.
  void set_access(const std::shared_ptr<const WebAccess>& access, runtime::Worker* worker);
  void start();
  void set_ready(bool ready) { ready_ = ready; }
  // Answers what is under way; then calls `stopped`.
  void stop(std::function<void()> stopped) { server_.stop(std::move(stopped)); }

 private:
  using ExchangePtr = std::shared_ptr<http::Exchange>;
  using Ticket = ScrapeQueue::Ticket;
  struct Scrape {
    ExchangePtr exchange;
    push::ScraperId scraper;
    push::View view;
    Negotiated negotiated;
    base::Instant deadline;  // for the pull
  };

  void handle(const ExchangePtr& exchange) override;
  void refuse(http::Exchange& exchange, Passage passage);
  // `who`: the user, or the name in the certificate; empty: nobody was asked. The arrival is
  // from before its password was looked at: its scraper's time goes on meanwhile.
  void route(const ExchangePtr& exchange, const std::string& who, const Arrival& arrival);
  void handle_lifecycle(const ExchangePtr& exchange);
  void handle_scrape(const ExchangePtr& exchange, push::View view, const std::string& who,
                     const Arrival& arrival);
  void refuse_scrape(http::Exchange& exchange);
  void handle_proxy(const ExchangePtr& exchange);
  [[nodiscard]] std::optional<std::string> write_clients_up(std::string& out, std::string id) const;

  [[nodiscard]] bool has_room() const;
  [[nodiscard]] ScrapeQueue::CutShort run(const Scrape& scrape, const Ticket& ticket);
  void answer(const Scrape& scrape, PullService::Pulled pulled, Ticket ticket);
  void count(const exposition::MergeStats& stats);

  runtime::Shard& shard_;
  const Config& config_;
  Services services_;
  ClientPages client_pages_;
  std::shared_ptr<const WebAccess> access_ = std::make_shared<WebAccess>();
  Gate gate_;
  bool ready_ = true;
  ScrapeQueue queue_;
  LogLimit log_limit_;  // of full pages
  std::vector<runtime::Endpoint> endpoints_;
  std::vector<std::unique_ptr<runtime::Listener>> listeners_;  // until start()
  http::Server server_;                                        // goes first: it calls us
};

// The scraper's name (design.md, promise 5); nothing when `?scraper=` is none. `who`: as it has
// shown who it is; empty: not.
[[nodiscard]] std::optional<push::ScraperId> scraper_of(const http::Request& request,
                                                        const std::string& who);

}  // namespace prometheus_rsocket::server
