#include "server/web.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/mutant.h"
#include "base/probe.h"
#include "server/limits.h"
#include "server/page.h"
#include "server/scrape_time.h"

namespace prometheus_rsocket::server {
namespace {

using http::Outcome;

constexpr std::string_view kTextContentType = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::size_t kScraperNameMax = 64;
constexpr std::size_t kUserAgentMax = 256;

bool is_scraper_name(std::string_view name) {
  return !name.empty() && name.size() <= kScraperNameMax && std::ranges::all_of(name, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

}  // namespace

std::optional<push::ScraperId> scraper_of(const http::Request& request) {
  if (const auto name = request.parameter("scraper")) {
    if (!is_scraper_name(*name)) return std::nullopt;
    return push::ScraperId{std::string(*name)};
  }
  const std::string_view agent = request.header("user-agent").value_or("");
  return push::ScraperId{request.remote.address.to_string() + " " +
                         std::string(agent.substr(0, kUserAgentMax))};
}

Web::Web(runtime::Process& process, const Config& config, Services services)
    : shard_(process.shard(0)),
      config_(config),
      services_(std::move(services)),
      client_pages_(
          shard_, config,
          {services_.registry, services_.single_pulls, services_.hash_key, services_.delivered}),
      waiting_alarm_(shard_, [this] { refuse_late(); }),
      server_(process, 0, *this, config.compression) {}

Web::~Web() = default;

runtime::error_code Web::listen(const runtime::Endpoint& endpoint) {
  auto listener = shard_.network.listen(endpoint);
  if (!listener) return listener.error();
  endpoints_.push_back((*listener)->local_endpoint());
  listeners_.push_back(std::move(*listener));
  return {};
}

void Web::start() {
  for (auto& listener : std::exchange(listeners_, {})) server_.serve(std::move(listener));
}

void Web::handle(const ExchangePtr& exchange) {
  const http::Request& request = exchange->request();
  const std::string& path = request.target.path;
  constexpr std::array<std::string_view, 7> kPaths = {
      "/metrics/connected", "/metrics/pushes", "/metrics/proxy", "/sd",
      "/api/v1/clients",    "/-/healthy",      "/-/ready"};
  constexpr std::string_view kClient = "/metrics/clients/";
  const bool is_client = path.starts_with(kClient);
  if (!is_client && std::ranges::find(kPaths, path) == kPaths.end())
    return respond(*exchange, 404, "there is no such page here\n");
  if (request.method != "GET" && request.method != "HEAD") {
    http::Head head;
    head.status = 405;
    head.headers.emplace_back("Allow", "GET, HEAD");
    return exchange->respond(std::move(head), "GET and HEAD alone are allowed here\n");
  }
  if (is_client) return client_pages_.handle_client(exchange, path.substr(kClient.size()));
  if (path == "/sd") return client_pages_.handle_discovery(exchange);
  if (path == "/api/v1/clients") return client_pages_.handle_table(exchange);
  if (path == "/metrics/connected") return handle_scrape(exchange, push::View::kConnected);
  if (path == "/metrics/pushes") return handle_scrape(exchange, push::View::kPushes);
  if (path == "/metrics/proxy") return handle_proxy(exchange);
  if (path == "/-/ready" && !ready_) return respond(*exchange, 503, "leaving\n");
  respond(*exchange, 200, path == "/-/ready" ? "ready\n" : "healthy\n");
}

void Web::handle_proxy(const ExchangePtr& exchange) {
  services_.gather_metrics([this, exchange](const std::vector<ShardMetrics>& metrics) {
    services_.front.push = services_.pushes.counters();
    services_.front.left_out_of_pulls = services_.pulls.left_out();
    std::string text = write_proxy_metrics(config_.version, metrics, services_.front,
                                           services_.registry.clients_up(), shard_.clock.now());
    if (config_.process_metrics) text += config_.process_metrics();
    exchange->stream({.content_type = std::string(kTextContentType)},
                     [text = std::move(text)](std::string& out) mutable {
                       const bool more = !text.empty();
                       out += std::exchange(text, {});
                       return more;
                     });
  });
}

void Web::handle_scrape(const ExchangePtr& exchange, push::View view) {
  const http::Request& request = exchange->request();
  auto scraper = scraper_of(request);
  if (!scraper) {
    return respond(*exchange, 400, "scraper=NAME has 1 to 64 of A-Z a-z 0-9 . _ -\n");
  }
  Negotiated negotiated = negotiate(request.header("accept").value_or(""));
  negotiated.format.honor_timestamps = config_.scrape_honor_timestamps;
  if (request.method == "HEAD") {  // never counts as a scrape: nobody is asked
    return exchange->stream({.content_type = std::move(negotiated.content_type)},
                            [](std::string&) { return false; });
  }
  const base::Instant now = shard_.clock.now();
  const ScrapeTime time =
      scrape_time(request.header("x-prometheus-scrape-timeout-seconds"), config_);
  exchange->set_deadline(now + time.page);
  const base::Duration patience = time.pull - std::min(kLateAfter, time.pull / 2);
  Scrape scrape{exchange,        std::move(*scraper), view, std::move(negotiated),
                now + time.pull, now + patience};
  if (view == push::View::kPushes) return answer(scrape, {}, nullptr);  // nobody is asked
  if (running_ < config_.scrapes_max) return run(std::move(scrape));
  waiting_.push_back(std::move(scrape));
  admit();
}

void Web::admit() {
  while (running_ < config_.scrapes_max && !waiting_.empty()) {
    Scrape scrape = std::move(waiting_.front());
    waiting_.pop_front();
    run(std::move(scrape));
  }
  if (waiting_.empty()) return waiting_alarm_.clear();
  waiting_alarm_.set(std::ranges::min_element(waiting_, {}, &Scrape::late_from)->late_from);
}

// Whoever waited until there is hardly time left to ask anybody: a page that lacks everybody would
// end every series.
void Web::refuse_late() {
  const base::Instant now = shard_.clock.now();
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (it->late_from > now) {
      ++it;
      continue;
    }
    base::reached(base::Probe::kScrapeRefused);
    ++services_.front.scrapes_refused;
    respond(*it->exchange, 503, "too many scrapes at once: --scrape.max-concurrent\n");
    it = waiting_.erase(it);
  }
  admit();
}

Web::Ticket Web::take_ticket() {
  ++running_;
  // Whoever holds it may outlive us, when the process ends.
  return {nullptr, [this, alive = std::weak_ptr(alive_)](void*) {
            if (alive.expired()) return;
            --running_;
            admit();
          }};
}

void Web::run(Scrape scrape) {
  const base::Instant deadline = scrape.deadline;
  services_.pulls.pull(
      deadline, [this, scrape = std::move(scrape), ticket = take_ticket()](
                    PullService::Pulled pulled) { answer(scrape, std::move(pulled), ticket); });
}

void Web::answer(const Scrape& scrape, PullService::Pulled pulled, Ticket ticket) {
  const push::Offer offer = services_.pushes.offer(scrape.scraper, scrape.view, shard_.clock.now());
  if (base::is_mutant(base::Mutant::kPushDroppedBeforeWritten)) {
    services_.pushes.complete(offer.receipt, shard_.clock.now());
  }
  scrape.exchange->on_outcome([this, receipt = offer.receipt](Outcome outcome) {
    if (base::is_mutant(base::Mutant::kPushDroppedBeforeWritten)) return;
    if (outcome == Outcome::kComplete) {
      services_.pushes.complete(receipt, shard_.clock.now());
    } else {
      base::reached(base::Probe::kPageAbandoned);
      services_.pushes.abandon(receipt);
    }
    services_.pushes_changed();
  });
  const PullId pull = pulled.pull;
  auto page =
      std::make_shared<Page>(std::move(pulled.replies), offer.pushes, config_.page_bytes_max,
                             scrape.negotiated.format, services_.hash_key);
  if (page->left_out() > 0) {
    services_.front.left_out_of_pages += page->left_out();
    shard_.log.warn("the page is full: clients are left out",
                    {{"clients", std::to_string(page->left_out())}});
  }
  services_.pushes_changed();
  scrape.exchange->stream(
      {.content_type = scrape.negotiated.content_type},
      [this, pull, page = std::move(page), ticket = std::move(ticket)](std::string& out) {
        if (page->write(out)) return true;
        count(page->stats());
        services_.delivered(pull);
        return false;
      });
}

void Web::count(const exposition::MergeStats& stats) {
  exposition::MergeStats& all = services_.front.merge;
  all.types_degraded += stats.types_degraded;
  all.families_dropped += stats.families_dropped;
  all.families_clashing += stats.families_clashing;
  all.help_differing += stats.help_differing;
  all.duplicates_dropped += stats.duplicates_dropped;
  all.unwritable_dropped += stats.unwritable_dropped;
}

}  // namespace prometheus_rsocket::server
