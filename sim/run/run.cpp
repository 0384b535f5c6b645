#include "sim/run/run.h"

#include <algorithm>

#include "agent/retry_policy.h"
#include "rsocket/connection.h"
#include "sim/draw.h"
#include "sim/machine/heap.h"
#include "sim/machine/purity.h"
#include "sim/run/director.h"
#include "sim/run/stage.h"
#include "sim/timeline/timeline.h"
#include "sim/world.h"

namespace prometheus_rsocket::sim::run {
namespace {

using namespace std::chrono_literals;
using scenario::Scenario;
using scenario::Setup;

constexpr base::Duration kKeysMade = 1s;         // after the proxies started
constexpr base::Duration kIdleTime = 30s;        // without scrapes: what a quiet proxy does
constexpr base::Duration kParting = 150s;        // beyond every lifetime and linger
constexpr double kIdleEventsPerSecondMax = 0.5;  // of one proxy, keys aside
// Twice the most that was seen over the first look (10 MiB: `mixed` with 50 clients).
constexpr std::uint64_t kHeapBytesMax = std::uint64_t{20} << 20;
constexpr base::Duration kLookInterval = 10s;  // at the heap: hoards are let go with who had them

sim::Config world_config(const Setup& setup) {
  sim::Config config;
  config.link.latency = setup.latency;
  config.link.jitter = setup.jitter;
  config.link.tail_percent = setup.tail_percent;
  config.link.tail = setup.tail;
  config.short_read_percent = setup.short_read_percent;
  config.short_write_percent = setup.short_write_percent;
  config.short_connections_percent = setup.short_connections_percent;
  config.reset_loses_unread_percent = setup.reset_loses_unread_percent;
  config.forgotten_answers_percent = 50;
  config.window_bytes = setup.window_bytes;
  config.bandwidth = setup.bandwidth == 0 ? 0 : std::max(setup.bandwidth, kBandwidthMin);
  config.key_delay_max = std::max<base::Duration>(config.key_delay_min, setup.key_delay_max);
  config.real_keys = setup.real_keys;
  return config;
}

// Of one proxy. By itself it does one thing: it makes keys. Each takes the timer, the making and
// their two handlers; to each shard goes a message, and is taken.
double idle_events_per_second_max(const Setup& setup) {
  const auto keys = static_cast<double>(kIdleTime / setup.key_rotation + 1);
  const double events = 4 + 2 * static_cast<double>(setup.shards);
  return kIdleEventsPerSecondMax + keys * events / std::chrono::duration<double>(kIdleTime).count();
}

history::Rules rules_of(const Setup& setup, base::Instant start) {
  const agent::RetryConfig retry;
  history::Rules rules;
  rules.start = start;
  rules.scrape_interval = setup.scrape_interval;
  rules.redial_spread = retry.redial_spread;
  rules.first_backoff = setup.first_backoff;
  rules.max_backoff = setup.max_backoff;
  rules.jitter_percent = retry.jitter_percent;
  rules.stable_time = retry.stable_time;
  rules.lifetime = rsocket::SetupConfig{}.lifetime_max;
  // Dial, handshake, SETUP, key: eight ways at most, twice as many with the load balancer.
  rules.round_trip_max = 16 * (setup.latency + setup.jitter + setup.tail) + 1s;
  rules.shutdown_grace = setup.shutdown_grace;
  rules.connection_age = setup.connection_age;
  rules.departed_grace = setup.departed_grace;
  // A request and its answer, each by way of the load balancer.
  rules.answer_max = 4 * (setup.latency + setup.jitter + setup.tail);
  rules.goodbyes_may_be_cut = setup.short_write_percent > 0 && setup.short_connections_percent > 0;
  rules.has_load_balancer = setup.load_balancer;
  rules.tells_addresses_of_tcp = setup.load_balancer && setup.proxy_header % 3 != 0;
  rules.tells_addresses_of_websocket =
      rules.tells_addresses_of_tcp || (setup.load_balancer && setup.forwarded_for);
  rules.durable_pushes = setup.push_store;
  rules.heap_bytes_max = kHeapBytesMax;
  rules.idle_events_per_second_max = idle_events_per_second_max(setup);
  return rules;
}

// What the history itself takes, which a product's bounds have nothing to do with.
class HistoryBytes {
 public:
  [[nodiscard]] std::uint64_t of(const history::History& history) {
    for (; counted_ < history.entries.size(); ++counted_) {
      const auto* ended = std::get_if<history::ScrapeEnded>(&history.entries[counted_].what);
      if (ended != nullptr) bytes_ += ended->samples.capacity() * sizeof ended->samples.front();
      const auto* read = std::get_if<history::ListRead>(&history.entries[counted_].what);
      if (read != nullptr) bytes_ += read->clients.capacity() * sizeof read->clients.front();
    }
    return bytes_ + history.entries.capacity() * sizeof history.entries.front();
  }

 private:
  std::size_t counted_ = 0;
  std::uint64_t bytes_ = 0;
};

// What happened in the world: without the heap's size, which is this process' own.
std::string text_of_world(history::History history) {
  std::erase_if(history.entries, [](const history::Entry& entry) {
    return std::holds_alternative<history::Resources>(entry.what);
  });
  return timeline::write_text(history);
}

class Run {
 public:
  explicit Run(const Scenario& scenario)
      : scenario_(scenario),
        world_(scenario.setup.seed, world_config(scenario.setup)),
        recorder_(rules_of(scenario.setup, world_.now()), [this] { return world_.now(); }),
        stage_(world_, recorder_, scenario.setup) {
    world_.on_connection([this](const runtime::Endpoint& to, const runtime::Endpoint&) {
      for (const auto& proxy : stage_.proxies()) proxy->connection_arrived(to);
    });
  }

  void play() {
    stage_.start_proxies();
    world_.run_for(kKeysMade);
    note_resources();
    stage_.start_clients();
    Director director(world_, recorder_, stage_, scenario_);
    for (base::Duration at = kLookInterval; at < scenario_.setup.duration; at += kLookInterval) {
      director.at(world_.now() + at, [this] { note_heap(); });
    }
    director.play();
    director.heal();
    world_.run_for(scenario_.setup.settle);
    part();
  }

  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] const history::History& history() const { return recorder_.history(); }

 private:
  // First nobody is there, then nobody scrapes: what is left then is a leak, and what goes on a
  // busy loop.
  void part() {
    stage_.close_clients();
    world_.run_for(kParting);
    stage_.stop_scrapers();
    stage_.stop_balancer();
    world_.run_for(kIdleTime);
    const std::uint64_t before = world_.events();
    world_.run_for(kIdleTime);
    const auto idle = static_cast<double>(world_.events() - before) /
                      std::chrono::duration<double>(kIdleTime).count();
    stage_.read_metrics();
    world_.run_for(kIdleTime);
    note_resources();
    recorder_.note(history::Ended{world_.events(), idle});
  }

  [[nodiscard]] std::uint64_t heap_bytes() {
    const std::uint64_t own = history_bytes_.of(recorder_.history());
    return machine::heap_bytes() - std::min(machine::heap_bytes(), own);
  }
  void note_resources() { stage_.note_resources(heap_bytes()); }
  // Of no proxy: in the midst of things each has as many handles as it happens to need.
  void note_heap() { recorder_.note(history::Resources{{}, 0, 0, heap_bytes()}); }

  const Scenario& scenario_;
  World world_;
  history::Recorder recorder_;
  Stage stage_;
  HistoryBytes history_bytes_;
};

}  // namespace

Report run(const Scenario& scenario) {
  for (auto& probe : base::g_probes) probe.store(0, std::memory_order_relaxed);
  Report report;
  {
    const machine::Pure pure;
    Run run(scenario);
    run.play();
    World& world = run.world();
    report.history = run.history();
    report.hash = mix(world.trace_hash(), hash_of(text_of_world(report.history)));
    report.events = world.events();
    report.virtual_time = world.now() - report.history.rules.start;
    report.log = world.log_text();
    for (std::size_t i = 0; i < report.counts.happenings.size(); ++i) {
      report.counts.happenings[i] = world.count(static_cast<Happening>(i));
    }
  }
  for (std::size_t i = 0; i < report.counts.probes.size(); ++i) {
    report.counts.probes[i] = base::g_probes[i].load(std::memory_order_relaxed);
  }
  report.violations = oracle::judge(report.history);
  return report;
}

}  // namespace prometheus_rsocket::sim::run
