#include "server/web.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/mutant.h"
#include "base/probe.h"
#include "http/limits.h"
#include "runtime/address.h"
#include "server/limits.h"
#include "server/page.h"

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

// Whose scraper it is, by what a stranger cannot choose: of IPv6 the network.
std::string whose(const http::Request& request, const std::string& user) {
  return user.empty() ? runtime::network_of(request.remote.address).to_string() : "user " + user;
}

// Who waits here lets nobody wait, and so does not go where there are too many connections.
static_assert(kScrapesWaitingMax + kClientPagesWaitingMax + kPasswordsWaitingMax <
              http::kConnectionsMax / 2);

bool is_health(std::string_view path) { return path == "/-/healthy" || path == "/-/ready"; }

// One of another kind with this text is somebody else.
std::string name_of(const runtime::TlsName& name) {
  if (name.kind == runtime::TlsName::Kind::kDns) return name.text;
  return std::to_string(static_cast<int>(name.kind)) + ":" + name.text;
}

}  // namespace

std::optional<push::ScraperId> scraper_of(const http::Request& request, const std::string& who) {
  const auto name = request.parameter("scraper");
  if (name && !is_scraper_name(*name)) return std::nullopt;
  // No name has the sign between them, whatever a user's has.
  if (!who.empty()) return push::ScraperId{std::string(name.value_or("")) + "@" + who};
  if (name) return push::ScraperId{std::string(*name)};
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
      gate_(shard_),
      queue_(shard_, config.scrapes_max, [this] { return has_room(); }),
      server_(process, 0, *this, config.compression) {}

Web::~Web() = default;

runtime::error_code Web::listen(const runtime::Endpoint& endpoint) {
  auto listener = shard_.network.listen(endpoint);
  if (!listener) return listener.error();
  endpoints_.push_back((*listener)->local_endpoint());
  listeners_.push_back(std::move(*listener));
  return {};
}

// What is asked of each request is asked of the next one; what connections have shown, of new ones.
void Web::set_access(const std::shared_ptr<const WebAccess>& access, runtime::Worker* worker) {
  const auto before = std::exchange(access_, access);
  gate_.use(access, worker);
  http::Settings settings{.tls = access->tls, .headers = {}};
  for (const auto& [name, value] : access->headers) settings.headers.emplace_back(name, value);
  server_.configure(std::move(settings));
  const bool asks_the_same = before->proof == access->proof && before->users == access->users;
  if (!asks_the_same) server_.renew();
}

void Web::start() {
  for (auto& listener : std::exchange(listeners_, {})) server_.serve(std::move(listener));
}

void Web::handle(const ExchangePtr& exchange) {
  const http::Request& request = exchange->request();
  const std::string& path = request.target.path;
  const Arrival arrival{
      shard_.clock.now(),
      scrape_time(request.header("x-prometheus-scrape-timeout-seconds"), config_)};
  if (config_.web_health_without_auth && is_health(path)) return route(exchange, {}, arrival);
  if (!gate_.has_turn()) return refuse(*exchange, Passage::kTooMany);
  gate_.ask(request, arrival.pull_until(),
            [this, exchange, arrival](Passage passage, const std::string& user) {
              if (passage != Passage::kOpen) return refuse(*exchange, passage);
              const auto& names = exchange->request().peer_names;
              route(exchange, user.empty() && !names.empty() ? name_of(names.front()) : user,
                    arrival);
            });
}

void Web::refuse(http::Exchange& exchange, Passage passage) {
  http::Head head;
  switch (passage) {
    case Passage::kTooMany:
      ++services_.front.requests_too_many;
      head.status = 429;
      return exchange.respond(std::move(head), "too many requests: rate_limit\n");
    case Passage::kBusy:
      ++services_.front.requests_busy;
      head.status = 503;
      return exchange.respond(std::move(head), "too many passwords are being looked at\n");
    case Passage::kUnknown:
    case Passage::kOpen:
      ++services_.front.requests_unauthorized;
      head.status = 401;
      head.headers.emplace_back("WWW-Authenticate", "Basic");
      return exchange.respond(std::move(head), "a user and password are asked for here\n");
  }
}

void Web::handle_lifecycle(const ExchangePtr& exchange) {
  const http::Request& request = exchange->request();
  if (request.method != "POST" && request.method != "PUT") {
    http::Head head{.status = 405};
    head.headers.emplace_back("Allow", "POST, PUT");
    return exchange->respond(std::move(head), "POST and PUT alone are allowed here\n");
  }
  if (request.target.path == "/-/quit") {
    respond(*exchange, 200, "leaving\n");
    return services_.quit();
  }
  services_.reload([exchange](const std::optional<std::string>& failure) {
    respond(*exchange, failure ? 500 : 200, failure.value_or("reloaded") + "\n");
  });
}

void Web::route(const ExchangePtr& exchange, const std::string& who, const Arrival& arrival) {
  const http::Request& request = exchange->request();
  const std::string& path = request.target.path;
  if (config_.web_lifecycle && (path == "/-/reload" || path == "/-/quit")) {
    return handle_lifecycle(exchange);
  }
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
  if (is_client)
    return client_pages_.handle_client(exchange, path.substr(kClient.size()), whose(request, who),
                                       arrival);
  if (path == "/sd") return client_pages_.handle_discovery(exchange);
  if (path == "/api/v1/clients") return client_pages_.handle_table(exchange);
  if (path == "/metrics/connected")
    return handle_scrape(exchange, push::View::kConnected, who, arrival);
  if (path == "/metrics/pushes") return handle_scrape(exchange, push::View::kPushes, who, arrival);
  if (path == "/metrics/proxy") return handle_proxy(exchange);
  if (path == "/-/ready" && !ready_) return respond(*exchange, 503, "leaving\n");
  respond(*exchange, 200, path == "/-/ready" ? "ready\n" : "healthy\n");
}

void Web::handle_proxy(const ExchangePtr& exchange) {
  services_.gather_metrics([this, exchange](const std::vector<ShardMetrics>& metrics) {
    services_.front.push = services_.pushes.counters();
    services_.front.left_out_of_pulls = services_.pulls.left_out();
    services_.front.pages_broken_off =
        queue_.pages().broken_off() + client_pages_.pages().broken_off();
    services_.front.scrapes_cut_short = queue_.count_cut_short();
    services_.front.text_bytes = services_.texts.used();
    std::string text = config_.process_metrics ? config_.process_metrics() : "";
    text += write_proxy_metrics(config_.version, metrics, services_.front, shard_.clock.now());
    exchange->stream({.content_type = std::string(kTextContentType)},
                     [this, text = std::move(text),
                      id = std::optional(std::string())](std::string& out) mutable {
                       if (!id) return false;
                       out += std::exchange(text, {});
                       id = write_clients_up(out, std::move(*id));
                       return true;
                     });
  });
}

// As many behind that id as make one piece; the last one's id, or nothing where there are no more.
std::optional<std::string> Web::write_clients_up(std::string& out, std::string id) const {
  const std::size_t size = out.size();
  for (std::size_t i = 0; i < kClientsPerPiece && out.size() - size < exposition::kChunkBytes;
       ++i) {
    auto next = services_.registry.id_behind(id);
    if (!next) return std::nullopt;
    if (const auto up = services_.registry.client_up(*next)) write_client_up(out, *up);
    id = std::move(*next);
  }
  return id;
}

void Web::handle_scrape(const ExchangePtr& exchange, push::View view, const std::string& who,
                        const Arrival& arrival) {
  const http::Request& request = exchange->request();
  auto scraper = scraper_of(request, who);
  if (!scraper) {
    return respond(*exchange, 400, "scraper=NAME has 1 to 64 of A-Z a-z 0-9 . _ -\n");
  }
  Negotiated negotiated = negotiate(request.header("accept").value_or(""));
  negotiated.format.honor_timestamps = config_.scrape_honor_timestamps;
  if (request.method == "HEAD") {  // never counts as a scrape: nobody is asked
    return exchange->stream({.content_type = std::move(negotiated.content_type)},
                            [](std::string&) { return false; });
  }
  exchange->set_deadline(arrival.page_until());
  const base::Duration pull = arrival.time.pull;
  const bool asks = view == push::View::kConnected;  // the pushes are here
  const base::Duration patience = asks ? pull - std::min(kLateAfter, pull / 2) : pull;
  if (arrival.at + patience <= shard_.clock.now()) {
    ++services_.front.scrapes_refused;
    return respond(*exchange, 503, "no time is left to answer in\n");
  }
  const Scrape scrape{exchange, std::move(*scraper), view, std::move(negotiated),
                      arrival.pull_until()};
  queue_.enter({.who = whose(request, who),
                .exchange = exchange,
                .late_from = arrival.at + patience,
                .needs_room = asks,
                .run = [this, scrape](const Ticket& ticket) { return run(scrape, ticket); },
                .refuse = [this, exchange] { refuse_scrape(*exchange); }});
}

void Web::refuse_scrape(http::Exchange& exchange) {
  ++services_.front.scrapes_refused;
  respond(exchange, 503, "too many scrapes at once: --scrape.max-concurrent\n");
}

// A page more beside those that there are: their texts and those remembered leave room for it.
bool Web::has_room() const {
  const PullService& pulls = services_.pulls;
  return services_.texts.has_room(pulls.bytes_expected(), pulls.largest_of_last());
}

ScrapeQueue::CutShort Web::run(const Scrape& scrape, const Ticket& ticket) {
  if (scrape.view == push::View::kPushes) {
    answer(scrape, {}, ticket);
    return nullptr;
  }
  const auto wait =
      services_.pulls.pull(scrape.deadline, [this, scrape, ticket](PullService::Pulled pulled) {
        // A page that lacks everybody would end every series.
        if (pulled.was_hurried && pulled.replies.empty()) return refuse_scrape(*scrape.exchange);
        answer(scrape, std::move(pulled), ticket);
      });
  return [&pulls = services_.pulls, wait] { return pulls.hurry(wait); };
}

void Web::answer(const Scrape& scrape, PullService::Pulled pulled, Ticket ticket) {
  const push::Offer offer = services_.pushes.offer(scrape.scraper, scrape.view, shard_.clock.now(),
                                                   config_.page_bytes_max);
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
    log_left_out(shard_, log_limit_, page->left_out());
  }
  services_.pushes_changed();
  // The page goes before its ticket: the next one asks for its room.
  scrape.exchange->stream(
      {.content_type = scrape.negotiated.content_type},
      [this, pull, ticket = std::move(ticket), page = std::move(page)](std::string& out) {
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
