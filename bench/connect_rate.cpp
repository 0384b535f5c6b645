// connect_rate: how fast the real proxy takes connections, and what an idle one costs it.
//
//   build/release/bench/connect_rate [--connections=5000] [--at-once=64] [--threads=1] …
//
// Starts the proxy of its own build tree, dials it over loopback TCP from one thread, and measures
// from SYN to key received. The load takes a core of its own: on a machine of two cores, the wall
// time is that of whichever side is slower, and connections_per_proxy_cpu_s says what the proxy
// alone could take. Above 14,000 connections the dialling side's search for free ports is the
// limit. Exit 0, 1 when a connection failed or the time was up, 2 for wrong usage.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/system/result.hpp>
#include <chrono>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connect_load.h"
#include "net/keys.h"
#include "net/log.h"
#include "net/process.h"
#include "support/command_line.h"
#include "support/process_figures.h"
#include "support/proxy_process.h"
#include "support/report.h"

namespace prometheus_rsocket::bench {
namespace {

constexpr base::Duration kProgressEvery = std::chrono::seconds(1);
constexpr base::Duration kWait = std::chrono::milliseconds(100);

struct Options {
  std::size_t connections = 5'000;
  std::size_t at_once = 64;
  unsigned threads = 1;
  unsigned seconds_max = 60;
  std::string proxy = proxy_of_this_build().string();
  std::string json;
};

// Runs until the load is done; false when the time was up before.
bool run_load(net::Process& process, const ConnectLoad& load, const Options& options) {
  const runtime::Clock& clock = process.shard(0).clock;
  const base::Instant deadline = clock.now() + std::chrono::seconds(options.seconds_max);
  base::Instant next_progress = clock.now() + kProgressEvery;
  while (!load.is_done()) {
    process.poll(kWait);
    const base::Instant now = clock.now();
    if (now >= deadline) return false;
    if (now < next_progress) continue;
    std::cerr << "connect_rate: " << load.times_to_key().size() << " of " << options.connections
              << " connections have their key\n";
    next_progress = now + kProgressEvery;
  }
  return true;
}

base::Duration own_cpu_time() {
  return read_process_figures(::getpid()).value_or(ProcessFigures{}).cpu_time;
}

struct Measured {
  base::Duration wall{};
  base::Duration load_cpu{};
  ProcessFigures before;
  ProcessFigures after;
  std::vector<base::Duration> times_to_key;
};

Report report(const Options& options, Measured measured) {
  auto& times = measured.times_to_key;
  std::ranges::sort(times);
  const auto count = static_cast<double>(times.size());
  const double wall_s = std::chrono::duration<double>(measured.wall).count();
  const auto cpu = measured.after.cpu_time - measured.before.cpu_time;
  const double resident = static_cast<double>(measured.after.resident.bytes) -
                          static_cast<double>(measured.before.resident.bytes);
  Report report("connect_rate, TCP, a proxy with --threads=" + std::to_string(options.threads));
  report.add({"connections", count});
  report.add({"at_once", static_cast<double>(options.at_once)});
  report.add({"wall_ms", in_ms(measured.wall)});
  report.add({"connections_per_s", count / wall_s, ">= 5000"});
  report.add({"key_p50_ms", in_ms(quantile(times, 0.5))});
  report.add({"key_p99_ms", in_ms(quantile(times, 0.99))});
  report.add({"key_max_ms", in_ms(times.back())});
  report.add({"proxy_cpu_per_connection_us", 1000 * in_ms(cpu) / count});
  if (cpu > base::Duration::zero()) {  // counted in steps: a short run may show none
    report.add({"connections_per_proxy_cpu_s", 1000 * count / in_ms(cpu)});
  }
  report.add({"load_cpu_per_connection_us", 1000 * in_ms(measured.load_cpu) / count});
  report.add({"proxy_resident_per_idle_connection_kib", resident / 1024 / count, "<= 16"});
  report.add({"proxy_resident_mib", static_cast<double>(measured.after.resident.bytes) / 1048576});
  return report;
}

// Every connection is closed when this returns; otherwise why there is nothing to report.
boost::system::result<Measured, std::string> measure(const ProxyProcess& proxy,
                                                     const Options& options) {
  const auto log = net::make_stderr_log(runtime::LogLevel::kWarn, net::LogFormat::kLogfmt);
  const auto keys = net::make_keys();
  net::Process process(1, *keys, *log);
  runtime::Shard& shard = process.shard(0);
  const runtime::Endpoint address{boost::asio::ip::address_v4::loopback(), proxy.ports().tcp};

  // The first connection waits until the proxy has made its first key; it is not counted.
  const ConnectLoad first(shard, address, 1, 1);
  if (!run_load(process, first, options) || first.failed() > 0) {
    return std::string("no key came from the proxy");
  }
  const auto before = read_process_figures(proxy.pid());
  const base::Duration load_cpu_before = own_cpu_time();
  const base::Instant begin = shard.clock.now();
  const ConnectLoad load(shard, address, options.connections, options.at_once);
  const bool is_done = run_load(process, load, options);
  const base::Duration wall = shard.clock.now() - begin;
  const auto after = read_process_figures(proxy.pid());
  if (!is_done || load.failed() > 0) {
    return std::to_string(load.times_to_key().size()) + " of " +
           std::to_string(options.connections) + " connections got their key, " +
           std::to_string(load.failed()) + " failed";
  }
  if (!before || !after) return std::string("the proxy has ended");
  return Measured{wall, own_cpu_time() - load_cpu_before, *before, *after, load.times_to_key()};
}

int fail(const std::string& why) {
  std::cerr << "connect_rate: " << why << "\n";
  return kFailedExit;
}

int run(const Options& options) {
  const auto proxy = ProxyProcess::start(
      options.proxy,
      {"--threads=" + std::to_string(options.threads), "--shutdown.grace=1s",
       "--rsocket.max-connections=" + std::to_string(options.connections + kSpareDescriptors)});
  if (!proxy) return fail(proxy.error());
  auto measured = measure(**proxy, options);
  const std::optional<int> exit_code = (*proxy)->stop();
  if (!measured) return fail(measured.error() + "; the proxy says:\n" + (*proxy)->log());
  if (exit_code != 0) return fail("the proxy did not end cleanly; it says:\n" + (*proxy)->log());
  const Report figures = report(options, std::move(*measured));
  figures.print_table(std::cout);
  if (options.json.empty()) return 0;
  return figures.write_json(options.json) ? 0 : fail("cannot write " + options.json);
}

}  // namespace
}  // namespace prometheus_rsocket::bench

int main(int argc, char** argv) {
  using namespace prometheus_rsocket::bench;
  Options options;
  CLI::App app("How fast the proxy takes connections, and what an idle one costs it");
  app.add_option("--connections", options.connections, "How many are made")
      ->check(CLI::Range(1, 28'000))  // the ports that one address has for dialling, by default
      ->capture_default_str();
  app.add_option("--at-once", options.at_once, "Dials under way at a time")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--threads", options.threads, "The proxy's --threads")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--seconds-max", options.seconds_max, "Gives up after so long")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--proxy", options.proxy, "The proxy's binary")->capture_default_str();
  app.add_option("--json", options.json, "Writes the figures to this file, too");
  if (const auto exit_code = parse_command_line(app, argc, argv)) return *exit_code;
  if (!have_descriptors_for(options.connections, "connect_rate", "--connections")) {
    return kUsageExit;
  }
  return run(options);
}
