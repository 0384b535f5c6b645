#include "sim/run/stage.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <utility>

#include "sim/actor/java_client.h"
#include "sim/actor/our_client.h"
#include "sim/actor/ports.h"

namespace prometheus_rsocket::sim::run {
namespace {

using history::ClientKind;

constexpr std::uint32_t kHostsPerNet = 250;

Address host_of(const char* net, std::uint32_t number) {
  return ip(net + std::to_string(number / kHostsPerNet) + "." +
            std::to_string(number % kHostsPerNet + 1));
}
Address proxy_host(std::uint32_t number) { return host_of("10.0.", number); }
Address client_host(std::uint32_t number) { return host_of("10.1.", number); }
Address scraper_host(std::uint32_t number) { return host_of("10.2.", number); }
Address hostile_host(std::uint32_t number) { return host_of("10.3.", number); }
const char* const kBalancerHost = "10.9.0.1";
const char* const kStrangerHost = "10.9.0.2";
const char* const kNobodysHost = "10.9.0.3";

// Each client has a name of its own for the proxies, as if the name server turned its answers.
std::string name_for(std::uint32_t client) { return "proxies-" + std::to_string(client); }

actor::AddressTelling telling_of(const scenario::Setup& setup) {
  using Header = actor::AddressTelling::Header;
  constexpr Header kHeaders[] = {Header::kNone, Header::kLine, Header::kBinary};
  return {kHeaders[setup.proxy_header % std::size(kHeaders)], setup.forwarded_for};
}

}  // namespace

Stage::Stage(World& world, history::Recorder& recorder, const scenario::Setup& setup)
    : world_(world), recorder_(recorder), setup_(setup) {
  if (setup.load_balancer) {
    using Choice = actor::LoadBalancer::Choice;
    balancer_ = std::make_unique<actor::LoadBalancer>(
        world, ip(kBalancerHost),
        setup.least_connections ? Choice::kLeastConnections : Choice::kUneven);
    balancer_->tell_addresses(telling_of(setup));
    residents_.emplace(balancer_->address(), actor::LoadBalancer::place());
  }
  for (std::uint32_t s = 0; s < setup.scrapers + setup.discoverers; ++s) {
    scraper_processes_.push_back(&world.add_process(scraper_host(scraper_id(s).value)));
  }
  strangers_ = &world.add_process(ip(kStrangerHost));
  for (std::uint32_t p = 0; p < setup.proxies; ++p) add_proxy();
  const std::pair<ClientKind, std::uint32_t> kinds[] = {
      {ClientKind::kOurs, setup.clients},
      {ClientKind::kJava113, setup.java_113_clients},
      {ClientKind::kJava114, setup.java_114_clients},
      {ClientKind::kJava115, setup.java_115_clients}};
  for (const auto& [kind, count] : kinds) {
    for (std::uint32_t i = 0; i < count; ++i) add_client(kind);
  }
  update_names();
}

void Stage::add_proxy() {
  const auto number = static_cast<std::uint32_t>(proxies_.size());
  actor::ProxyConfig config;
  config.id = history::ProxyId{number};
  config.address = proxy_host(number);
  config.shards = setup_.shards;
  config.has_disk = setup_.push_store;
  config.push_commit_delay = setup_.push_commit_delay;
  config.started = [this] { update_names(); };
  server::Config& server = config.server;
  server.key_rotation = setup_.key_rotation;
  server.shutdown_grace = setup_.shutdown_grace;
  server.connection_age_max = setup_.connection_age;
  server.payload_bytes_max = setup_.payload_bytes_max;
  server.sd_grace = setup_.departed_grace;
  if (balancer_) tell_addresses(server);
  if (setup_.connections_spare > 0) {
    server.connections_max = std::size_t{setup_.connections_spare} + setup_.clients +
                             setup_.java_113_clients + setup_.java_114_clients +
                             setup_.java_115_clients;
  }
  proxies_.push_back(std::make_unique<actor::ProxyHost>(world_, recorder_, std::move(config)));
  if (balancer_) balancer_->add_backend(history::ProxyId{number}, proxy_host(number));
  for (std::uint32_t s = 0; s < setup_.scrapers; ++s) {
    add_scraping(history::ScraperId{s}, *proxies_.back());
  }
  for (std::uint32_t d = 0; d < setup_.discoverers; ++d) {
    add_discoverer(scraper_id(setup_.scrapers + d), *proxies_.back());
  }
}

// A header is asked for where the load balancer writes one; where it does not, and adds no line to
// upgrades either, it is not even trusted.
void Stage::tell_addresses(server::Config& server) const {
  const actor::AddressTelling& telling = balancer_->telling();
  server.proxy_protocol = telling.header != actor::AddressTelling::Header::kNone;
  if (!server.proxy_protocol && !telling.forwarded_for) return;
  server.trusted_proxies = {*server::AddressRange::parse(kBalancerHost)};
}

// Strangers have the number behind the regular ones.
history::ScraperId Stage::scraper_id(std::uint32_t index) const {
  return history::ScraperId{index < setup_.scrapers ? index : index + 1};
}

actor::ScraperConfig Stage::scraper_of(history::ScraperId scraper,
                                       const actor::ProxyHost& proxy) const {
  actor::ScraperConfig config;
  config.id = scraper;
  config.proxy = proxy.id();
  config.endpoint = proxy.web();
  config.name = "prometheus-" + std::to_string(scraper.value);
  config.timeout = setup_.scrape_timeout;
  return config;
}

void Stage::add_discoverer(history::ScraperId scraper, const actor::ProxyHost& proxy) {
  Process& process = *scraper_processes_[scraper.value - 1];
  discoverings_.push_back(&process.emplace<actor::Discoverer>(
      process, recorder_, scraper_of(scraper, proxy), setup_.scrape_interval,
      setup_.discovery_interval, [this](const Address& address) { return resident(address); },
      setup_.seed));
}

std::optional<history::Place> Stage::resident(const Address& address) const {
  const auto found = residents_.find(address);
  return found == residents_.end() ? std::nullopt : std::optional(found->second);
}

void Stage::add_scraping(history::ScraperId scraper, const actor::ProxyHost& proxy) {
  Process& process = *scraper_processes_[scraper.value];
  scrapings_.push_back(&process.emplace<actor::Prometheus>(
      process, recorder_, scraper_of(scraper, proxy), setup_.scrape_interval, setup_.seed));
}

void Stage::add_client(ClientKind kind, std::optional<history::InstanceId> claims) {
  const auto number = static_cast<std::uint32_t>(clients_.size());
  Draws draws(setup_.seed, mix(hash_of("client"), number));
  const bool websocket = draws.percent(setup_.websocket_percent);
  const agent::Target target{
      name_for(number), websocket ? actor::kWebSocketPort : actor::kTcpPort,
      websocket ? transport::TransportKind::kWebSocket : transport::TransportKind::kTcp, "/"};
  residents_.emplace(client_host(number), history::Place{history::Place::Kind::kClient, number});
  if (kind == ClientKind::kOurs) {
    actor::OurClientConfig config;
    config.claims = claims;
    config.instance = history::InstanceId{number};
    config.host = client_host(number);
    config.targets = {target};
    config.retry.first_backoff = setup_.first_backoff;
    config.retry.max_backoff = setup_.max_backoff;
    config.parts_max = setup_.parts_max;
    clients_.push_back(std::make_unique<actor::OurClient>(world_, recorder_, std::move(config)));
  } else {
    actor::JavaClientConfig config;
    config.instance = history::InstanceId{number};
    config.host = client_host(number);
    config.kind = kind;
    config.target = target;
    config.parts_max = setup_.parts_max;
    config.first_backoff = setup_.first_backoff;
    config.max_backoff = setup_.max_backoff;
    clients_.push_back(std::make_unique<actor::JavaClient>(world_, recorder_, std::move(config)));
  }
}

void Stage::start_proxies() {
  for (const auto& proxy : proxies_) proxy->start();
}

void Stage::start_clients() {
  for (const auto& client : clients_) client->start();
}

void Stage::add_client() {
  add_client(ClientKind::kOurs);
  update_names();
  clients_.back()->start();
}

actor::Application* Stage::impersonate(std::uint32_t number) {
  const auto* const whose = dynamic_cast<const actor::OurClient*>(client(number));
  if (whose == nullptr) return nullptr;
  add_client(ClientKind::kOurs, whose->name());
  update_names();
  clients_.back()->start();
  return clients_.back().get();
}

void Stage::start_a_proxy(std::uint32_t number) {
  const auto ended = std::ranges::find_if(proxies_, [](const auto& p) { return !p->running(); });
  if (ended != proxies_.end()) {
    (*ended)->start();
  } else if (proxies_.size() < 2 * std::size_t{setup_.proxies}) {
    add_proxy();
    proxies_.back()->start();
  } else {
    proxy(number).restart();
  }
  update_names();
}

actor::ProxyHost& Stage::proxy(std::uint32_t number) { return *proxies_[number % proxies_.size()]; }

actor::Application* Stage::client(std::uint32_t number) {
  return clients_.empty() ? nullptr : clients_[number % clients_.size()].get();
}

actor::Prometheus& Stage::prometheus(std::uint32_t number) {
  return *scrapings_[number % scrapings_.size()];
}

// ---- Places

Stage::Spot Stage::spot_of(const actor::Application& client) const {
  return {client.place(), client.host(), client.process()};
}

Stage::Spot Stage::spot_of(const actor::ProxyHost& proxy) const {
  return {proxy.place(), proxy.address(), proxy.process()};
}

Stage::Spot Stage::scraper_spot(std::uint32_t number) const {
  const auto index = number % static_cast<std::uint32_t>(scraper_processes_.size());
  const std::uint32_t id = scraper_id(index).value;
  return {{history::Place::Kind::kScraper, id}, scraper_host(id), scraper_processes_[index]};
}

Stage::Spot Stage::balancer_spot() const {
  return {actor::LoadBalancer::place(), balancer_->address(), &balancer_->process()};
}

Stage::Spot Stage::spot(std::uint32_t number) {
  if (number % 2 == 1 && !clients_.empty()) return spot_of(*client(number / 2));
  const std::size_t balancers = balancer_ ? 1 : 0;
  const std::size_t others = balancers + scraper_processes_.size();
  const std::size_t index = number / 2 % (others + proxies_.size());
  if (index < balancers) return balancer_spot();
  if (index < others) return scraper_spot(static_cast<std::uint32_t>(index - balancers));
  return spot_of(*proxies_[index - others]);
}

Stage::Spot Stage::partner(const Spot& of, std::uint32_t number) {
  const bool is_odd = number % 2 == 1 && !clients_.empty();
  switch (of.place.kind) {
    case history::Place::Kind::kClient:
      return balancer_ ? balancer_spot() : spot_of(proxy(number));
    case history::Place::Kind::kProxy:
      if (!is_odd) return scraper_spot(number / 2);
      return balancer_ ? balancer_spot() : spot_of(*client(number / 2));
    case history::Place::Kind::kLoadBalancer:
      return is_odd ? spot_of(*client(number / 2)) : spot_of(proxy(number / 2));
    default:
      return spot_of(proxy(number));
  }
}

Stage::Spot Stage::listener(std::uint32_t number) {
  return balancer_ && number % 2 == 0 ? balancer_spot() : spot_of(proxy(number / 2));
}

// ---- Strangers

Address Stage::entrance(std::uint32_t proxy_number) {
  return balancer_ ? balancer_->address() : proxy(proxy_number).address();
}

void Stage::add_attacker(const Address& target, const actor::Attack& attack) {
  recorder_.note(history::HostileDialled{});
  const auto number = static_cast<std::uint32_t>(attackers_.size());
  residents_.emplace(hostile_host(number), history::Place{history::Place::Kind::kHostile, number});
  attackers_.push_back(
      std::make_unique<actor::HostilePeer>(world_, number, hostile_host(number), target, attack));
}

void Stage::attack(std::uint64_t number, std::uint32_t target) {
  const auto& attacks = actor::attacks();
  add_attacker(entrance(target), attacks[number % attacks.size()]);
}

void Stage::forge(std::uint64_t number, std::uint32_t target) {
  const auto& forgeries = actor::forgeries();
  const Address door = number % 2 == 1 ? proxy(target).address() : entrance(target);
  add_attacker(door, forgeries[number / 2 % forgeries.size()]);
}

void Stage::at(base::Instant moment, std::function<void()> what) {
  runtime::Shard& shard = strangers_->shard(0);
  auto timer = shard.timers.make_timer();
  runtime::Timer& waiting = *timer;
  waiting.async_wait_until(
      moment, boost::asio::bind_executor(
                  shard.executor,
                  [kept = std::move(timer), what = std::move(what)](runtime::error_code error) {
                    if (!error) what();
                  }));
}

void Stage::flood(std::uint64_t strangers, std::uint32_t target) {
  static const actor::Attack silence{.name = "silence", .steps = {{""}}};
  for (; strangers > 0; --strangers) add_attacker(entrance(target), silence);
}

void Stage::scrape_once(std::uint32_t target, std::uint64_t strangers, base::Duration timeout) {
  const actor::ProxyHost& asked = proxy(target);
  actor::ScraperConfig config;
  config.id = history::ScraperId{setup_.scrapers};  // behind the regular ones
  config.proxy = asked.id();
  config.endpoint = asked.web();
  config.user_agent = "curl/7.88.1";
  config.timeout = timeout;
  for (; strangers > 0; --strangers) {
    strangers_->emplace<actor::Stranger>(*strangers_, recorder_, config, strange_scrapes_++,
                                         setup_.seed);
  }
}

// ---- Names

void Stage::set_names(Names names) {
  names_ = names;
  update_names();
}

void Stage::update_names() {
  std::vector<Address> all;
  if (balancer_) {
    all = {balancer_->address()};
  } else {
    for (const auto& proxy : proxies_) {
      if (proxy->running() && !proxy->draining()) all.push_back(proxy->address());
    }
    // A name whose every address is gone still has the last ones.
    if (all.empty()) all.push_back(proxies_.front()->address());
  }
  if (names_ == Names::kEmpty) all.clear();
  if (names_ == Names::kStale) all = {ip(kNobodysHost)};
  for (std::uint32_t client = 0; client < clients_.size(); ++client) {
    auto turned = all;
    if (!turned.empty()) {
      std::ranges::rotate(turned,
                          turned.begin() + static_cast<std::ptrdiff_t>(client % turned.size()));
    }
    world_.set_name(name_for(client), std::move(turned));
  }
}

// ---- The end

void Stage::stop_scrapers() {
  for (actor::Prometheus* scraping : scrapings_) scraping->stop();
  for (actor::Discoverer* discovering : discoverings_) discovering->stop();
}

void Stage::stop_balancer() {
  if (balancer_) world_.stop(balancer_->process());
}

void Stage::close_clients() {
  for (const auto& client : clients_) client->close();
}

void Stage::read_metrics() {
  for (const auto& proxy : proxies_) {
    if (!proxy->running()) continue;
    auto& reader = strangers_->emplace<actor::MetricsReader>(*strangers_, recorder_, proxy->id(),
                                                             proxy->web());
    static_cast<void>(
        world_.run_until([&reader] { return reader.done(); }, std::chrono::seconds(10)));
  }
}

void Stage::note_resources(std::uint64_t heap_bytes) {
  for (const auto& proxy : proxies_) {
    if (!proxy->running()) continue;
    const Handles& handles = proxy->process()->handles();
    recorder_.note(
        history::Resources{proxy->place(), handles.total(), handles.open_streams, heap_bytes});
  }
}

}  // namespace prometheus_rsocket::sim::run
