// push_rate: how fast the real proxy acknowledges blocking pushes, on disk and in memory.
//
//   build/release/bench/push_rate [--pushes=1000] [--series=100] [--threads=2] [--memory] …
//
// As many real clients, from agent::Agent down, connect over loopback TCP; when each has its key,
// all of them push at once, and the time is measured until each has its acknowledgement. Exit 0, 1
// when a push failed or the time was up (that of --gate-ms, too), 2 for wrong usage.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/agent.h"
#include "net/keys.h"
#include "net/log.h"
#include "net/process.h"
#include "support/client_text.h"
#include "support/command_line.h"
#include "support/process_figures.h"
#include "support/proxy_process.h"
#include "support/report.h"
#include "support/scratch_folder.h"

namespace prometheus_rsocket::bench {
namespace {

constexpr auto kPushTime = std::chrono::seconds(30);
constexpr auto kTimeMax = std::chrono::seconds(60);

struct Options {
  std::size_t pushes = 1'000;
  std::size_t series = 100;
  unsigned threads = 2;
  bool memory = false;
  double gate_ms = 2'000;
  std::string proxy = proxy_of_this_build().string();
  std::string json;
};

class Client final : private agent::MetricsSource, private agent::Observer {
 public:
  Client(runtime::Shard& shard, const Options& options, std::uint16_t port, std::size_t number)
      : shard_(shard), text_(number, options.series), agent_(shard, config(port), *this, *this) {}

  void connect() { agent_.connect(); }
  [[nodiscard]] bool has_key() const { return agent_.has_key(); }
  void push() {
    began_ = shard_.clock.now();
    agent_.push_and_close(agent::PushKind::kAcknowledged, text_.text(), kPushTime,
                          [this](runtime::error_code error) {
                            took_ = shard_.clock.now() - began_;
                            is_done_ = true;
                            is_good_ = !error;
                          });
  }
  [[nodiscard]] bool is_done() const { return is_done_; }
  [[nodiscard]] bool is_good() const { return is_good_; }
  [[nodiscard]] base::Duration took() const { return took_; }

 private:
  static agent::Config config(std::uint16_t port) {
    agent::Config config;
    config.targets = {{.host = "127.0.0.1", .port = port}};
    return config;
  }
  void collect(Done done) override { done({}, ""); }
  void on_event(const agent::Event& /*event*/) override {}

  runtime::Shard& shard_;
  ClientText text_;
  base::Instant began_{};
  base::Duration took_{};
  bool is_done_ = false;
  bool is_good_ = false;
  agent::Agent agent_;
};

int fail(const std::string& why) {
  std::cerr << "push_rate: " << why << "\n";
  return kFailedExit;
}

Report report(const Options& options, base::Duration wall, base::Duration proxy_cpu,
              std::vector<base::Duration> times) {
  std::ranges::sort(times);
  const auto count = static_cast<double>(times.size());
  Report report(std::string("push_rate, TCP, pushes ") +
                (options.memory ? "in memory" : "on disk"));
  report.add({"pushes", count});
  report.add({"series_each", static_cast<double>(options.series)});
  report.add({"wall_ms", in_ms(wall),
              options.gate_ms > 0 ? "<= " + std::to_string(std::lround(options.gate_ms)) : ""});
  report.add({"pushes_per_s", 1000 * count / in_ms(wall)});
  report.add({"acknowledged_p50_ms", in_ms(quantile(times, 0.5))});
  report.add({"acknowledged_max_ms", in_ms(times.back())});
  report.add({"proxy_cpu_per_push_us", 1000 * in_ms(proxy_cpu) / count});
  return report;
}

int run(const Options& options) {
  const ScratchFolder folder("push-rate");
  std::vector<std::string> flags = {
      "--threads=" + std::to_string(options.threads), "--shutdown.grace=1s",
      "--rsocket.max-connections=" + std::to_string(options.pushes + kSpareDescriptors)};
  if (!options.memory) flags.push_back("--push.store=" + folder.path("store"));
  const auto proxy = ProxyProcess::start(options.proxy, flags);
  if (!proxy) return fail(proxy.error());

  const auto log = net::make_stderr_log(runtime::LogLevel::kWarn, net::LogFormat::kLogfmt);
  const auto keys = net::make_keys();
  net::Process process(1, *keys, *log);
  const runtime::Clock& clock = process.shard(0).clock;
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < options.pushes; ++i) {
    clients.push_back(
        std::make_unique<Client>(process.shard(0), options, (*proxy)->ports().tcp, i));
    clients.back()->connect();
  }
  const auto wait_for_all = [&](auto holds) {
    const base::Instant deadline = clock.now() + kTimeMax;
    while (clock.now() < deadline) {
      if (std::ranges::all_of(clients, holds)) return true;
      process.poll(std::chrono::milliseconds(1));
    }
    return false;
  };
  if (!wait_for_all([](const auto& client) { return client->has_key(); })) {
    return fail("not every client has a key");
  }
  const auto before = read_process_figures((*proxy)->pid());
  const base::Instant begin = clock.now();
  for (const auto& client : clients) client->push();
  if (!wait_for_all([](const auto& client) { return client->is_done(); })) {
    return fail("not every push was answered");
  }
  const base::Duration wall = clock.now() - begin;
  const auto after = read_process_figures((*proxy)->pid());
  if (!before || !after) return fail("the proxy has ended");
  std::vector<base::Duration> times;
  for (const auto& client : clients) {
    if (!client->is_good()) return fail("a push was refused");
    times.push_back(client->took());
  }
  const Report figures =
      report(options, wall, after->cpu_time - before->cpu_time, std::move(times));
  figures.print_table(std::cout);
  if (!options.json.empty() && !figures.write_json(options.json)) {
    return fail("cannot write " + options.json);
  }
  if (options.gate_ms > 0 && in_ms(wall) > options.gate_ms) return fail("it took too long");
  return 0;
}

}  // namespace
}  // namespace prometheus_rsocket::bench

int main(int argc, char** argv) {
  using namespace prometheus_rsocket::bench;
  Options options;
  CLI::App app("How fast blocking pushes are acknowledged");
  app.add_option("--pushes", options.pushes, "How many, each of a client of its own")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--series", options.series, "How many series each")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Of the proxy")->capture_default_str();
  app.add_option("--gate-ms", options.gate_ms, "The longest that all of them may take; 0: any")
      ->capture_default_str();
  app.add_flag("--memory", options.memory, "Without --push.store, to compare with");
  app.add_option("--proxy", options.proxy, "The binary [that of this build]");
  app.add_option("--json", options.json, "Write the figures to this file, too");
  if (const auto exit_code = parse_command_line(app, argc, argv)) return *exit_code;
  if (!have_descriptors_for(options.pushes, "push_rate", "--pushes")) return kUsageExit;
  return run(options);
}
