#include "sim/actor/discoverer.h"

#include <set>
#include <utility>

namespace prometheus_rsocket::sim::actor {
namespace {

constexpr std::string_view kClientsPath = "/metrics/clients/";
constexpr std::string_view kPushesPath = "/metrics/pushes";

}  // namespace

Discoverer::Discoverer(Process& process, history::Recorder& recorder, ScraperConfig scraper,
                       base::Duration interval, base::Duration refresh, Residents residents,
                       std::uint64_t seed)
    : process_(process),
      shard_(process.shard(0)),
      recorder_(recorder),
      scraper_(std::move(scraper)),
      interval_(interval),
      refresh_(refresh),
      residents_(std::move(residents)),
      seed_(seed),
      alarm_(shard_, [this] { this->refresh(); }) {
  Draws phase(seed, mix(mix(hash_of("discovery"), scraper_.id.value), scraper_.proxy.value));
  next_ = shard_.clock.now() + phase.up_to(refresh_ - base::Duration(1));
  alarm_.set(next_);
}

void Discoverer::refresh() {
  next_ += refresh_;
  alarm_.set(next_);
  std::erase_if(leaving_, [](const auto& target) { return !target->scraping(); });
  read(history::List::kTargets, targets_get_);
  read(history::List::kTable, table_get_);
}

void Discoverer::read(history::List list, std::unique_ptr<HttpGet>& get) {
  const bool is_targets = list == history::List::kTargets;
  get = std::make_unique<HttpGet>(
      shard_, scraper_.endpoint, is_targets ? "/sd" : "/api/v1/clients", scraper_.timeout,
      [this, list, asked = shard_.clock.now()](const std::optional<peer::HttpResponse>& response) {
        if (response) take(list, asked, *response);
      });
}

void Discoverer::take(history::List list, base::Instant asked, const peer::HttpResponse& response) {
  ClientList read;
  if (response.status == 200) {
    read = list == history::List::kTargets
               ? read_targets(response.body, runtime::to_string(scraper_.endpoint), residents_)
               : read_table(response.body, residents_);
  }
  if (list == history::List::kTargets && response.status == 200 && read.trouble.empty()) {
    follow(read);
  }
  recorder_.note(history::ListRead{scraper_.id, scraper_.proxy, list, asked, response.status,
                                   std::move(read.clients), read.has_pushes,
                                   std::move(read.trouble)});
}

void Discoverer::follow(const ClientList& list) {
  std::set<std::string> paths;
  for (std::size_t i = 0; i < list.ids.size(); ++i) {
    const std::string path = std::string(kClientsPath) + list.ids[i];
    const history::Listed& client = list.clients[i];
    paths.insert(path);
    add_target(path, {history::View::kClient, client.name, client.name ? std::nullopt : client.at});
  }
  if (list.has_pushes) {
    paths.emplace(kPushesPath);
    add_target(std::string(kPushesPath), {history::View::kPushes});
  }
  for (auto it = targets_.begin(); it != targets_.end();) {
    if (paths.contains(it->first)) {
      ++it;
      continue;
    }
    it->second->stop();
    leaving_.push_back(std::move(it->second));
    it = targets_.erase(it);
  }
}

void Discoverer::add_target(const std::string& path, const history::Page& page) {
  auto& target = targets_[path];
  if (target) return;
  ScraperConfig config = scraper_;
  config.page = page;
  config.path = path;
  target = std::make_unique<Prometheus>(process_, recorder_, config, interval_, seed_);
}

void Discoverer::stop() {
  alarm_.clear();
  targets_get_.reset();
  table_get_.reset();
  for (const auto& [path, target] : targets_) target->stop();
}

}  // namespace prometheus_rsocket::sim::actor
