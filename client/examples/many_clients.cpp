// Many clients in one process, on one thread: a load for a proxy.
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "options.h"

namespace {

// A socket for each client and some to spare; the usual soft limit of 1,024 is not enough.
void allow_descriptors(rlim_t count) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= count) return;
  limit.rlim_cur = std::min(count, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

struct OneOfMany {
  std::shared_ptr<prometheus::Registry> registry;
  std::vector<prometheus::Gauge*> gauges;
  prometheus_rsocket::Client client;
};

OneOfMany make_one(const Options& options, unsigned number, unsigned series) {
  auto registry = std::make_shared<prometheus::Registry>();
  auto& family = prometheus::BuildGauge()
                     .Name("example_value")
                     .Help("A value that wanders at random")
                     .Register(*registry);
  std::vector<prometheus::Gauge*> gauges;
  for (unsigned i = 0; i < series; ++i) {
    gauges.push_back(
        &family.Add({{"client", std::to_string(number)}, {"series", std::to_string(i)}}));
  }
  auto client = options.builder().registry(registry).connect();
  return {std::move(registry), std::move(gauges), std::move(client)};
}

}  // namespace

int main(int argc, char** argv) {
  const EndSignals end;
  Options options;
  unsigned clients = 1'000;
  unsigned series = 100;
  CLI::App app(
      "Many clients on one thread, each with series of its own, scraped through the proxy");
  options.add_to(app);
  app.add_option("--clients", clients, "How many clients")->capture_default_str();
  app.add_option("--series", series, "How many series each")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  allow_descriptors(clients + 64);
  std::vector<OneOfMany> many;
  many.reserve(clients);
  for (unsigned i = 0; i < clients; ++i) many.push_back(make_one(options, i, series));

  std::mt19937 random(std::random_device{}());
  std::normal_distribution<double> step;
  while (!end.wait(1'000)) {
    for (const auto& one : many) {
      for (auto* gauge : one.gauges) gauge->Increment(step(random));
    }
  }
  for (auto& one : many) one.client.close();
  return 0;
}
