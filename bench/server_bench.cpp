// What lib/server does for each connection and for each scrape, as far as it can be measured alone:
// the registry of 1,000 and of 20,000 clients, gathering the replies of a scrape, the tables of
// clients, and what is looked at when somebody connects. Items are clients, or calls where there is
// one.
//
//   build/release/bench/server_bench
#include <benchmark/benchmark.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "http/exchange.h"
#include "net/keys.h"
#include "net/log.h"
#include "net/process.h"
#include "server/admission.h"
#include "server/client_pages.h"
#include "server/forwarded_for.h"
#include "server/metrics.h"
#include "server/negotiation.h"
#include "server/pull_service.h"
#include "server/registry.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kGrace = 5min;  // the default of --sd.grace

void count(benchmark::State& state, std::int64_t items) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * items);
}

// ---- The registry

// Client `number` came in millisecond `number` of the process, and is one of ours with a name.
base::Instant came_at(std::size_t number) {
  return base::Instant(std::chrono::milliseconds(number));
}

ClientInfo info_of(std::size_t number) {
  ClientInfo info;
  info.identity = transport::Identity{"orders",
                                      "orders-" + std::to_string(number),
                                      "incarnation-" + std::to_string(number),
                                      {{"zone", "eu-1"}, {"version", "1.2.3"}}};
  info.address = {boost::asio::ip::address_v4(static_cast<std::uint32_t>(0x0A000000U + number)),
                  4711};
  info.connected_at = came_at(number);
  return info;
}

ConnectionId id_of(std::size_t number) { return {.shard = number % 2, .serial = number}; }

ScrapeRecord good_scrape() {
  return {.outcome = PullOutcome::kSuccess,
          .at = base::Instant(1h),
          .took = 3ms,
          .payload_bytes = 16'384,
          .samples = 1000};
}

// Clients 0 to count - 1, each of them scraped once.
class Clients {
 public:
  explicit Clients(benchmark::State& state) : count_(static_cast<std::size_t>(state.range(0))) {
    for (std::size_t i = 0; i < count_; ++i) {
      registry.connected(id_of(i), info_of(i));
      registry.scraped(id_of(i), good_scrape());
    }
  }
  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(count_); }
  // Any of them, another one each time.
  std::size_t next() { return (at_ += 7919) % count_; }

  Registry registry{kGrace};

 private:
  std::size_t count_;
  std::size_t at_ = 0;
};

// One more comes and goes.
void come_and_go(benchmark::State& state, Departure how) {
  Clients clients(state);
  auto number = static_cast<std::size_t>(clients.count());
  for (auto _ : state) {
    clients.registry.connected(id_of(number), info_of(number));
    clients.registry.ended(id_of(number), how, came_at(number));
    ++number;
  }
  count(state, 1);
}
void registry_come_and_leave(benchmark::State& state) { come_and_go(state, Departure::kLeft); }
void registry_come_and_vanish(benchmark::State& state) { come_and_go(state, Departure::kVanished); }

void registry_fill(benchmark::State& state) {
  const auto clients = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    Registry registry(kGrace);
    for (std::size_t i = 0; i < clients; ++i) registry.connected(id_of(i), info_of(i));
    benchmark::DoNotOptimize(&registry);
  }
  count(state, state.range(0));
}

void registry_find(benchmark::State& state) {
  Clients clients(state);
  for (auto _ : state) benchmark::DoNotOptimize(clients.registry.find(id_of(clients.next())));
  count(state, 1);
}

void registry_find_by_name(benchmark::State& state) {
  Clients clients(state);
  std::vector<std::string> ids;
  for (const auto& [seniority, entry] : clients.registry.clients()) ids.push_back(entry.id);
  for (auto _ : state) {
    const auto found = clients.registry.find(ids[clients.next()]);
    CHECK(found.has_value(), "it is there");
  }
  count(state, 1);
}

// What a reply of each of them does at a scrape.
void registry_scraped(benchmark::State& state) {
  Clients clients(state);
  for (auto _ : state) {
    for (std::int64_t i = 0; i < clients.count(); ++i) {
      clients.registry.scraped(id_of(clients.next()), good_scrape());
    }
  }
  count(state, clients.count());
}

void registry_walk(benchmark::State& state) {
  const Clients clients(state);
  for (auto _ : state) {
    std::size_t samples = 0;
    for (const auto& [seniority, entry] : clients.registry.clients()) {
      samples += entry.last_scrape->samples;
    }
    benchmark::DoNotOptimize(samples);
  }
  count(state, clients.count());
}

void proxy_metrics(benchmark::State& state) {
  const Clients clients(state);
  const std::vector<ShardMetrics> shards(2);
  for (auto _ : state) {
    std::string page = write_proxy_metrics("1.0", shards, {}, base::Instant(1h));
    std::optional<std::string> id;
    while ((id = clients.registry.id_behind(id.value_or("")))) {
      if (const auto up = clients.registry.client_up(*id)) write_client_up(page, *up);
    }
    benchmark::DoNotOptimize(page.data());
  }
  count(state, clients.count());
}

// ---- A scrape

// A process with one shard, whose work is done when the benchmark says so.
class Loop {
 public:
  runtime::Shard& shard() { return process_.shard(0); }
  void run_what_is_ready() {
    while (process_.poll(0ms)) {
    }
  }

 private:
  std::unique_ptr<runtime::Keys> keys_ = net::make_keys();
  std::unique_ptr<runtime::Log> log_ =
      net::make_stderr_log(runtime::LogLevel::kError, net::LogFormat::kLogfmt);
  net::Process process_{1, *keys_, *log_};
};

// Replies of so many clients in no order. All have the same exposition: it is only passed on.
std::vector<Reply> replies_of(std::size_t clients) {
  const auto exposition = std::make_shared<const Exposition>(Exposition{"a 1\n", {}});
  std::vector<Reply> replies;
  for (std::size_t i = 0; i < clients; ++i) {
    replies.push_back({.connected_at = came_at(i),
                       .client = id_of(i),
                       .exposition = exposition,
                       .record = good_scrape()});
  }
  std::ranges::shuffle(replies, std::mt19937_64(1));
  return replies;
}

// Gathers them as for one scrape, calls `gathered` before it is answered, and says how many were
// on the answer.
template <class Gathered>
std::size_t gather(Loop& loop, std::vector<Reply> replies, Gathered gathered) {
  std::optional<PullId> asked;
  std::optional<std::size_t> answered;
  PullService service(loop.shard(),
                      {.count = 1,
                       .ask = [&](PullId id) { asked = id; },
                       .end = [](PullId) {},
                       .cancel = [](PullId) {}},
                      std::uint64_t{1} << 30U);
  service.pull(loop.shard().clock.now() + 1h,
               [&](const PullService::Pulled& pulled) { answered = pulled.replies.size(); });
  service.pull_asked(*asked, replies.size(), 0);
  for (Reply& reply : replies) service.pull_replied(*asked, std::move(reply));
  gathered(service);
  loop.run_what_is_ready();
  CHECK(answered.has_value(), "the scrape is answered when all are in");
  return *answered;
}

void pull_replies(benchmark::State& state) {
  Loop loop;
  const std::vector<Reply> replies = replies_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    const std::size_t answered = gather(loop, replies, [](PullService&) {});
    CHECK(answered == replies.size(), "all of them are on the page");
  }
  count(state, state.range(0));
}

// All of them end between their replies and the answer.
void pull_replies_of_who_ends(benchmark::State& state) {
  Loop loop;
  const std::vector<Reply> replies = replies_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    const std::size_t answered = gather(loop, replies, [&](PullService& service) {
      for (const Reply& reply : replies) service.client_ended(reply.client);
    });
    CHECK(answered == 0, "who has ended is on no page");
  }
  count(state, state.range(0));
}

// ---- Tables of clients

// Takes the whole body, as a connection does whose peer takes everything.
class TableExchange final : public http::Exchange {
 public:
  TableExchange() { request_.headers = {{"host", "proxy.example:8080"}}; }
  [[nodiscard]] const http::Request& request() const override { return request_; }
  void respond(http::Head, std::string) override { CHECK(false, "it is streamed"); }
  void stream(http::Head, BodySource source) override {
    std::string piece;
    while (source(piece)) {
      bytes_ += piece.size();
      piece.clear();
    }
  }
  void set_deadline(base::Instant) override {}
  [[nodiscard]] base::Duration waited() const override { return {}; }
  [[nodiscard]] base::Duration stalled() const override { return {}; }
  void break_off() override {}
  void on_outcome(std::function<void(http::Outcome)>) override {}
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  http::Request request_;
  std::size_t bytes_ = 0;
};

void write_table(benchmark::State& state,
                 void (ClientPages::*handle)(const ClientPages::ExchangePtr&)) {
  Loop loop;
  const Clients clients(state);
  const Config config;
  SinglePulls pulls(loop.shard(), {.ask = [](ConnectionId, PullId) {},
                                   .end = [](ConnectionId, PullId) {},
                                   .cancel = [](ConnectionId, PullId) {},
                                   .late = [](ConnectionId, const ScrapeRecord&) {}});
  ClientPages pages(
      loop.shard(), config,
      {.registry = clients.registry, .pulls = pulls, .hash_key = {1, 2}, .delivered = [](PullId) {
       }});
  for (auto _ : state) {
    const auto exchange = std::make_shared<TableExchange>();
    (pages.*handle)(exchange);
    CHECK(exchange->bytes() > 0, "there is a table");
  }
  count(state, clients.count());
}
void table_for_discovery(benchmark::State& state) {
  write_table(state, &ClientPages::handle_discovery);
}
void table_of_clients(benchmark::State& state) { write_table(state, &ClientPages::handle_table); }

// ---- Somebody connects, or asks

void admit_and_free(benchmark::State& state) {
  Config config;
  config.connections_max = static_cast<std::size_t>(state.range(0)) + 1;
  config.connections_per_address_max = 100;
  Admission admission(2, config);
  const auto address = [](std::int64_t number) {
    return boost::asio::ip::address_v4(static_cast<std::uint32_t>(0x0A000000 + number));
  };
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    benchmark::DoNotOptimize(admission.admit(admission.least_loaded_shard(), address(i)));
  }
  std::int64_t number = 0;
  for (auto _ : state) {
    number = (number + 7919) % state.range(0);
    const Slot slot = admission.admit(admission.least_loaded_shard(), address(number));
    CHECK(slot.as == Admitted::kServed, "there is room for one more");
    admission.free(slot);
  }
  count(state, 1);
}

void who_is_behind_balancers(benchmark::State& state) {
  std::vector<AddressRange> trusted;
  for (const char* range : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"}) {
    trusted.push_back(*AddressRange::parse(range));
  }
  for (auto _ : state) {
    const auto client = forwarded_client("203.0.113.7, 198.51.100.9:4711, 172.16.3.4", trusted);
    CHECK(client.has_value(), "the second is the client");
  }
  count(state, 1);
}

// By the header of Prometheus 2.42, and of one of version 3.
void negotiate_with(benchmark::State& state, std::string_view accept) {
  for (auto _ : state) {
    const Negotiated negotiated = negotiate(accept);
    benchmark::DoNotOptimize(negotiated.content_type.data());
  }
  count(state, 1);
}
void negotiate_version_2(benchmark::State& state) {
  negotiate_with(state,
                 "application/openmetrics-text;version=1.0.0,"
                 "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,"
                 "*/*;q=0.1");
}
void negotiate_version_3(benchmark::State& state) {
  negotiate_with(state,
                 "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                 "application/openmetrics-text;version=0.0.1;q=0.5,"
                 "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
                 "text/plain;version=0.0.4;q=0.3,*/*;q=0.2");
}

void with_clients(benchmark::internal::Benchmark* that) {
  that->ArgName("clients")->Arg(1000)->Arg(20'000);
}
void with_clients_in_time(benchmark::internal::Benchmark* that) {
  with_clients(that);
  that->Unit(benchmark::kMicrosecond);
}

BENCHMARK(registry_come_and_leave)->Apply(with_clients);
BENCHMARK(registry_come_and_vanish)->Apply(with_clients);
BENCHMARK(registry_fill)->Apply(with_clients_in_time);
BENCHMARK(registry_find)->Apply(with_clients);
BENCHMARK(registry_find_by_name)->Apply(with_clients);
BENCHMARK(registry_scraped)->Apply(with_clients_in_time);
BENCHMARK(registry_walk)->Apply(with_clients_in_time);
BENCHMARK(proxy_metrics)->Apply(with_clients_in_time);
BENCHMARK(pull_replies)->Apply(with_clients_in_time);
BENCHMARK(pull_replies_of_who_ends)->ArgName("clients")->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(table_for_discovery)->Apply(with_clients_in_time);
BENCHMARK(table_of_clients)->Apply(with_clients_in_time);
BENCHMARK(admit_and_free)->ArgName("connections")->Arg(1000)->Arg(20'000);
BENCHMARK(who_is_behind_balancers);
BENCHMARK(negotiate_version_2);
BENCHMARK(negotiate_version_3);

}  // namespace
}  // namespace prometheus_rsocket::server
