// scale_1000x1000: what a scrape of many clients costs the real proxy, against the floor measured
// in the same run.
//
//   build/release/bench/scale_1000x1000 [--clients=1000] [--series=1000] [--scrapes=20] [--gzip] …
//
// Starts the proxy and the load (scale_load) of its own build tree; scrapes over HTTP, three times
// for warming and then --scrapes times; after each of these it runs the floor (floor.h) once, so
// that both see the same machine. With --gzip every scrape is followed by one with gzip. Every page
// must hold every series once, as of that scrape. CPU is that of the proxy's process alone.
//
// Exit 0; 1 when a gate is not held, a scrape failed or a page was not whole; 2 for wrong usage.
// The other goals are told, not enforced.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/system/result.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/child_process.h"
#include "support/client_text.h"
#include "support/command_line.h"
#include "support/floor.h"
#include "support/process_figures.h"
#include "support/proxy_process.h"
#include "support/report.h"
#include "support/scraper.h"

namespace prometheus_rsocket::bench {
namespace {

using boost::system::result;

constexpr unsigned kWarmingScrapes = 3;
constexpr std::chrono::seconds kReadyTime{60};
constexpr std::chrono::milliseconds kBetweenScrapes{120};  // closer ones share a pull (design.md)

struct Options {
  std::size_t clients = 1'000;
  std::size_t series = 1'000;
  std::size_t hung = 0;
  unsigned scrapes = 20;
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  PageSyntax syntax = PageSyntax::kText;
  bool gzip = false;
  double gate = 1.5;
  double resident_gate_mb = 160;
  std::string proxy = proxy_of_this_build().string();
  std::string json;
};

// One scrape and what it cost.
struct Cost {
  base::Duration wall{};
  base::Duration proxy_cpu{};
  base::Duration load_cpu{};
};

struct Costs {
  std::vector<Cost> costs;
  std::size_t body_bytes = 0;  // of the last page

  [[nodiscard]] base::Duration median(base::Duration Cost::*member) const {
    return quantile(sorted(member), 0.5);
  }
  [[nodiscard]] std::vector<base::Duration> sorted(base::Duration Cost::*member) const {
    std::vector<base::Duration> values;
    for (const Cost& cost : costs) values.push_back(cost.*member);
    std::ranges::sort(values);
    return values;
  }
};

double in_mb(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

// Everything that takes part, and the way to measure it.
class Run {
 public:
  static result<std::unique_ptr<Run>, std::string> start(const Options& options) {
    auto proxy = ProxyProcess::start(
        options.proxy,
        {"--threads=" + std::to_string(options.threads), "--shutdown.grace=1s",
         "--rsocket.max-connections=" + std::to_string(options.clients + kSpareDescriptors)});
    if (!proxy) return proxy.error();
    const auto begin = std::chrono::steady_clock::now();
    auto load = ChildProcess::start(
        program_of_this_build("bench/scale_load"),
        {"--proxy-port=" + std::to_string((*proxy)->ports().tcp),
         "--clients=" + std::to_string(options.clients),
         "--series=" + std::to_string(options.series), "--hung=" + std::to_string(options.hung)});
    if (!load) return load.error();
    const bool is_ready = (*load)->wait_for(
        [](std::string_view log) { return log.find("ready\n") != std::string_view::npos; },
        kReadyTime);
    if (!is_ready) return "the clients did not all get a key:\n" + (*load)->log();
    const base::Duration ready_after = std::chrono::steady_clock::now() - begin;
    return std::unique_ptr<Run>(new Run(options, std::move(*proxy), std::move(*load), ready_after));
  }

  result<void, std::string> warm() {
    for (unsigned i = 0; i < kWarmingScrapes; ++i) {
      if (auto page = scrape(PageCoding::kIdentity); !page) return page.error();
    }
    floor_parts_ = floor_.run_in_parts();
    at_begin_ = read_process_figures(proxy_->pid()).value_or(ProcessFigures{});
    return {};
  }

  result<void, std::string> measure() {
    for (unsigned i = 1; i <= options_.scrapes; ++i) {
      if (auto done = measure(PageCoding::kIdentity, plain_); !done) return done;
      if (options_.gzip) {
        if (auto done = measure(PageCoding::kGzip, gzip_); !done) return done;
      }
      std::cerr << "scale_1000x1000: scrape " << i << " of " << options_.scrapes << ", "
                << in_ms(plain_.costs.back().wall) << " ms, proxy "
                << in_ms(plain_.costs.back().proxy_cpu) << " ms of CPU, floor " << floors_ms_.back()
                << " ms\n";
    }
    return {};
  }

  // The load first: it takes the end of its connections for a failure.
  result<void, std::string> stop() {
    if (load_->stop() != 0) return "the load failed:\n" + load_->log();
    if (proxy_->stop() != 0) return "the proxy did not end cleanly; it says:\n" + proxy_->log();
    return {};
  }

  // The proxy's CPU over the floor's, each scrape by the floor run after it.
  [[nodiscard]] double ratio() const { return median_of(ratios_); }
  [[nodiscard]] double resident_peak_mb() const { return in_mb(at_end_.resident.bytes_peak); }
  [[nodiscard]] Report report() const;

 private:
  Run(const Options& options, std::unique_ptr<ProxyProcess> proxy,
      std::unique_ptr<ChildProcess> load, base::Duration ready_after)
      : options_(options),
        proxy_(std::move(proxy)),
        load_(std::move(load)),
        ready_after_(ready_after),
        scraper_(proxy_->ports().http),
        floor_(options.clients - options.hung, options.series, options.threads) {}

  static double median_of(std::vector<double> values) {
    std::ranges::nth_element(values, values.begin() + std::ssize(values) / 2);
    return values[values.size() / 2];
  }

  result<ScrapedPage, std::string> scrape(PageCoding coding) {
    std::this_thread::sleep_until(next_scrape_);
    next_scrape_ = std::chrono::steady_clock::now() + kBetweenScrapes;
    auto page = scraper_.scrape(options_.syntax, coding);
    if (!page) return page;
    const std::size_t answering = options_.clients - options_.hung;
    const std::string fault =
        fault_of_page(page->text, answering, answering * options_.series, ++scrapes_);
    if (!fault.empty()) return "the page is not what it must be: " + fault;
    return page;
  }

  // What the proxy does after the last byte of a page is its cost as well: it is read after the
  // floor.
  result<void, std::string> measure(PageCoding coding, Costs& costs) {
    const auto proxy_before = read_process_figures(proxy_->pid());
    const auto load_before = read_process_figures(load_->pid());
    auto page = scrape(coding);
    if (!page) return page.error();
    const double floor_ms = in_ms(floor_.run());
    const auto proxy_after = read_process_figures(proxy_->pid());
    const auto load_after = read_process_figures(load_->pid());
    if (!proxy_before || !load_before || !proxy_after || !load_after) {
      return std::string("the proxy or the load has ended");
    }
    const Cost cost{page->wall, proxy_after->cpu_time - proxy_before->cpu_time,
                    load_after->cpu_time - load_before->cpu_time + page->cpu};
    costs.costs.push_back(cost);
    costs.body_bytes = page->body_bytes;
    if (coding == PageCoding::kIdentity) {
      floors_ms_.push_back(floor_ms);
      ratios_.push_back(in_ms(cost.proxy_cpu) / floor_ms);
    }
    at_end_ = *proxy_after;
    return {};
  }

  const Options options_;
  std::unique_ptr<ProxyProcess> proxy_;
  std::unique_ptr<ChildProcess> load_;
  const base::Duration ready_after_;
  Scraper scraper_;
  Floor floor_;
  std::chrono::steady_clock::time_point next_scrape_;
  std::uint64_t scrapes_ = 0;
  Costs plain_;
  Costs gzip_;
  FloorParts floor_parts_;
  std::vector<double> floors_ms_;
  std::vector<double> ratios_;
  ProcessFigures at_begin_;  // of the measured scrapes
  ProcessFigures at_end_;
};

Report Run::report() const {
  Report report("scale " + std::to_string(options_.clients) + " x " +
                std::to_string(options_.series) +
                (options_.syntax == PageSyntax::kText ? ", text" : ", OpenMetrics") +
                ", a proxy with --threads=" + std::to_string(options_.threads));
  const auto walls = plain_.sorted(&Cost::wall);
  const double proxy_ms = in_ms(plain_.median(&Cost::proxy_cpu));
  const double proxy_min_ms = in_ms(plain_.sorted(&Cost::proxy_cpu).front());
  const double floor_min_ms = std::ranges::min(floors_ms_);
  const double load_ms = in_ms(plain_.median(&Cost::load_cpu));
  const double cores = std::max(1U, std::thread::hardware_concurrency());
  report.add({"clients", static_cast<double>(options_.clients)});
  report.add({"series_each", static_cast<double>(options_.series)});
  report.add({"scrapes", static_cast<double>(options_.scrapes)});
  report.add({"all_ready_ms", in_ms(ready_after_)});
  report.add({"page_bytes", static_cast<double>(plain_.body_bytes)});
  report.add({"wall_p50_ms", in_ms(quantile(walls, 0.5)), "<= wall_goal_ms"});
  report.add({"wall_p99_ms", in_ms(quantile(walls, 0.99))});
  report.add({"wall_goal_ms", (proxy_ms + load_ms) / cores + 100});
  report.add({"proxy_cpu_ms", proxy_ms});
  report.add({"proxy_cpu_min_ms", proxy_min_ms});
  report.add({"load_cpu_ms", load_ms});
  report.add({"floor_ms", median_of(floors_ms_)});
  report.add({"floor_min_ms", floor_min_ms});
  report.add({"floor_private_operations_ms", in_ms(floor_parts_.private_operations)});
  report.add({"floor_decompression_ms", in_ms(floor_parts_.decompression)});
  report.add({"floor_lines_ms", in_ms(floor_parts_.lines)});
  report.add({"floor_copy_ms", in_ms(floor_parts_.copy)});
  report.add({"floor_socket_ms", in_ms(floor_parts_.socket)});
  report.add({"ratio", ratio(), "<= 1.25"});
  report.add({"ratio_of_least", proxy_min_ms / floor_min_ms});
  report.add({"ratio_min", std::ranges::min(ratios_)});
  report.add({"ratio_max", std::ranges::max(ratios_)});
  if (options_.gzip) {
    const double gzip_ms = in_ms(gzip_.median(&Cost::proxy_cpu));
    report.add({"gzip_wall_p50_ms", in_ms(gzip_.median(&Cost::wall))});
    report.add({"gzip_body_bytes", static_cast<double>(gzip_.body_bytes)});
    report.add({"gzip_proxy_cpu_ms", gzip_ms});
    report.add({"gzip_adds_ms", gzip_ms - proxy_ms, "<= 60"});
  }
  report.add({"proxy_resident_begin_mb", in_mb(at_begin_.resident.bytes)});
  report.add({"proxy_resident_end_mb", in_mb(at_end_.resident.bytes)});
  report.add({"proxy_resident_peak_mb", resident_peak_mb(), "<= 160"});
  return report;
}

int fail(const std::string& why) {
  std::cerr << "scale_1000x1000: " << why << "\n";
  return kFailedExit;
}

int run(const Options& options) {
  std::cerr << "scale_1000x1000: connecting " << options.clients << " clients\n";
  const auto started = Run::start(options);
  if (!started) return fail(started.error());
  Run& run = **started;
  for (const auto step : {&Run::warm, &Run::measure, &Run::stop}) {
    if (const auto done = (run.*step)(); !done) return fail(done.error());
  }
  const Report figures = run.report();
  figures.print_table(std::cout);
  if (options.json.empty()) {
    figures.print_json(std::cout);
  } else if (!figures.write_json(options.json)) {
    return fail("cannot write " + options.json);
  }
  int exit_code = 0;
  if (options.gate > 0 && run.ratio() > options.gate) {
    exit_code = fail("the proxy takes more than " + std::to_string(options.gate) +
                     " times the CPU of the floor");
  }
  if (options.resident_gate_mb > 0 && run.resident_peak_mb() > options.resident_gate_mb) {
    exit_code = fail("the proxy takes more than " + std::to_string(options.resident_gate_mb) +
                     " MB of memory");
  }
  return exit_code;
}

}  // namespace
}  // namespace prometheus_rsocket::bench

int main(int argc, char** argv) {
  using namespace prometheus_rsocket::bench;
  Options options;
  CLI::App app("What a scrape of many clients costs the proxy, against the floor");
  app.add_option("--clients", options.clients, "How many clients")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--series", options.series, "How many series each, all distinct")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--hung", options.hung, "How many of the clients answer no scrape")
      ->capture_default_str();
  app.add_option("--scrapes", options.scrapes, "How many are measured")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--threads", options.threads, "The proxy's --threads, and the floor's")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--format", options.syntax, "Of the page; the clients send text")
      ->transform(CLI::CheckedTransformer(std::map<std::string, PageSyntax>{
          {"text", PageSyntax::kText}, {"openmetrics", PageSyntax::kOpenMetrics}}))
      ->default_str("text");
  app.add_flag("--gzip", options.gzip, "Scrapes with gzip as well, in turn");
  app.add_option("--gate", options.gate, "The most CPU a scrape may take, in floors; 0: any")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--resident-gate-mb", options.resident_gate_mb,
                 "The most memory the proxy may ever have had; 0: any")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--proxy", options.proxy, "The proxy's binary")->capture_default_str();
  app.add_option("--json", options.json, "Writes the figures to this file, not to stdout");
  if (const auto exit_code = parse_command_line(app, argc, argv)) return *exit_code;
  if (options.hung >= options.clients) {
    std::cerr << "scale_1000x1000: --hung must be less than --clients\n";
    return kUsageExit;
  }
  if (!have_descriptors_for(options.clients, "scale_1000x1000", "--clients")) return kUsageExit;
  return run(options);
}
