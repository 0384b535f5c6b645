// soak: does the real proxy stay as it is, however long it runs and whoever comes and goes?
//
//   build/release/tests/soak/soak [--rounds=500] [--clients=200] [--series=100] [--churn=24]
//   [--tls]
//                                 [--growth-percent=5] [--seed=1] [--json=FILE] [--proxy=PATH]
//
// In each round clients come and leave (population.h) while two scrapers, an HA pair, get
// /metrics/connected, each time in another syntax and coding, and a third one /metrics/pushes; now
// and then others come for /sd, /api/v1/clients and /metrics/proxy. Every page and list is judged
// (judge.h). A round takes a little more than 100 ms at least, within which scrapes share a pull:
// so the second scraper has the pull of the first, and the next round one of its own.
//
// The memory of the proxy must not grow (growth.h), and at the end, with as many clients as at the
// beginning, it must have as many descriptors and threads as then. Exit 0 if all is well, 1 if not,
// 2 for a wrong use.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "authority.h"
#include "growth.h"
#include "judge.h"
#include "lists.h"
#include "net/keys.h"
#include "net/log.h"
#include "net/process.h"
#include "net/tls.h"
#include "page.h"
#include "population.h"
#include "server/limits.h"
#include "support/command_line.h"
#include "support/process_figures.h"
#include "support/proxy_process.h"
#include "support/report.h"
#include "support/scraper.h"
#include "support/scratch_folder.h"

namespace prometheus_rsocket::soak {
namespace {

using namespace std::chrono_literals;
using bench::PageCoding;
using bench::PageSyntax;
using bench::Scraper;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = 60s;
constexpr auto kRoundMin = server::kPullSharing + 5ms;
// No client comes or leaves any more, and all that was pushed is still to be shown.
constexpr Round kLastRounds = 10;
constexpr Round kListsEach = 5;  // the lists are asked for in one round of so many
constexpr std::uint64_t kSlackBytes = std::uint64_t{2} << 20;  // the heap settles for long
constexpr std::size_t kFaultsTold = 10;
constexpr std::size_t kLogTold = 4'000;

struct Options {
  Round rounds = 500;
  PopulationConfig population;
  bool tls = false;
  unsigned growth_percent = 5;
  std::string json;
  std::string proxy = PROXY_BINARY;
};

// A page that was asked for, until it is judged.
struct Visit {
  std::function<void(std::string_view)> judge;
  std::unique_ptr<Scraper> own;  // of who comes only once
  std::future<boost::system::result<bench::ScrapedPage, std::string>> page;
};

class Soak {
 public:
  explicit Soak(const Options& options) : options_(options) {}

  int run() {
    if (!start()) return bench::kFailedExit;
    if (settle([this] { return population_->settled(); })) {
      population_->end_round(0);
      handles_at_begin_ = handles();
      at_begin_ = bench::read_process_figures(proxy_->pid()).value_or(bench::ProcessFigures{});
      const auto begin = Clock::now();
      for (Round round = 1; round <= options_.rounds + kLastRounds; ++round) {
        if (!play(round)) break;
        if (round % 100 == 0) {
          std::cerr << "soak: round " << round << ", " << resident_.back() / 1000 << " kB\n";
        }
      }
      took_ = Clock::now() - begin;
      if (judge_->faults().empty()) end();
    }
    return conclude();
  }

 private:
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path(name)) << text;
  }

  bool start() {
    auto population = options_.population;
    std::vector<std::string> flags{
        "--threads=2", "--push.store=" + folder_.path("store"),
        // What is kept for a while is to come to its level within a few rounds.
        "--sd.grace=2s", "--push.ttl=10s", "--key.rotation=5s", "--shutdown.grace=1s"};
    if (options_.tls) {
      const test::Authority authority("soak");
      const auto identity = authority.issue();
      write("proxy.pem", identity.certificates);
      write("proxy.key", identity.private_key);
      write("access.yml", "tls_server_config:\n  cert_file: proxy.pem\n  key_file: proxy.key\n");
      flags.push_back("--rsocket.config.file=" + folder_.path("access.yml"));
      runtime::TlsClientConfig client;
      client.authorities = authority.certificate();
      population.tls = *net::make_tls_client(client);
    }
    auto started = bench::ProxyProcess::start(options_.proxy, flags);
    if (!started) {
      std::cerr << "soak: " << started.error() << "\n";
      return false;
    }
    proxy_ = std::move(*started);
    population.tcp_port = proxy_->ports().tcp;
    population.websocket_port = proxy_->ports().websocket;
    population_ = std::make_unique<Population>(process_.shard(0), population);
    judge_ = std::make_unique<Judge>(population_->lives(), population_->samples_each());
    for (const std::string name : {"a", "b"}) {
      pair_.push_back({name, std::make_unique<Scraper>(proxy_->ports().http,
                                                       "/metrics/connected?scraper=" + name)});
    }
    of_pushes_ = std::make_unique<Scraper>(proxy_->ports().http, "/metrics/pushes?scraper=list");
    return true;
  }

  bool play(Round round) {
    const auto begin = Clock::now();
    if (round <= options_.rounds) population_->begin_round(round);
    visit_scrapes(round);
    if (round % kListsEach == 0) visit_lists(round);
    if (!settle([this] { return are_in() && population_->settled(); })) return false;
    population_->end_round(round);
    longest_round_ = std::max(longest_round_, Clock::now() - begin);
    for (Visit& visit : visits_) {
      const auto page = visit.page.get();
      if (!page) {
        judge_->fail("round " + std::to_string(round) + ": " + page.error());
      } else {
        visit.judge(page->text);
        body_bytes_ += page->body_bytes;
      }
    }
    visits_.clear();
    const auto figures = bench::read_process_figures(proxy_->pid());
    if (!figures) judge_->fail("the proxy has ended");
    if (!judge_->faults().empty()) return false;
    at_end_ = *figures;
    if (round <= options_.rounds) resident_.push_back(figures->resident.bytes);
    while (Clock::now() < begin + kRoundMin) process_.poll(1ms);
    return true;
  }

  // Syntaxes and codings in turn, of the two scrapers never the same. Pushes are held for a while
  // only (--push.ttl): so all who are to have them come in every round.
  void visit_scrapes(Round round) {
    constexpr std::array kSyntaxes{PageSyntax::kText, PageSyntax::kOpenMetrics,
                                   PageSyntax::kProtobuf};
    constexpr std::array kCodings{PageCoding::kIdentity, PageCoding::kGzip, PageCoding::kZstd};
    for (std::size_t i = 0; i < pair_.size(); ++i) {
      const PageSyntax syntax = kSyntaxes[(round + i) % kSyntaxes.size()];
      const PageCoding coding = kCodings[(round / kSyntaxes.size() + i) % kCodings.size()];
      const auto judge = [this, &name = pair_[i].name, syntax, round](std::string_view text) {
        const Page page = read_page(text, syntax);
        judge_->judge_clients(page, round);
        judge_->judge_pushes(name, page);
        ++pages_;
        samples_ += page.samples;
      };
      visit(*pair_[i].scraper, syntax, coding, judge);
    }
    visit(*of_pushes_, PageSyntax::kText, PageCoding::kGzip, [this](std::string_view text) {
      const Page page = read_page(text, PageSyntax::kText);
      if (!page.fault.empty()) judge_->fail("/metrics/pushes: " + page.fault);
      judge_->judge_pushes("list", page);
      ++other_pages_;
    });
  }

  void visit_lists(Round round) {
    visit_once("/sd", [this, round](std::string_view text) {
      judge_->judge_list(read_targets(text), round);
    });
    visit_once("/api/v1/clients", [this, round](std::string_view text) {
      judge_->judge_list(read_clients(text), round);
    });
    visit_once("/metrics/proxy", [](std::string_view) {});
  }

  void visit_once(const std::string& target, std::function<void(std::string_view)> judge) {
    auto own = std::make_unique<Scraper>(proxy_->ports().http, target);
    Scraper& scraper = *own;
    visit(scraper, PageSyntax::kText, PageCoding::kIdentity, std::move(judge));
    visits_.back().own = std::move(own);
    ++other_pages_;
  }

  void visit(Scraper& scraper, PageSyntax syntax, PageCoding coding,
             std::function<void(std::string_view)> judge) {
    visits_.push_back({std::move(judge), nullptr, std::async(std::launch::async, [=, &scraper] {
                         return scraper.scrape(syntax, coding);
                       })});
  }

  [[nodiscard]] bool are_in() const {
    return std::ranges::all_of(visits_, [](const Visit& visit) {
      return visit.page.wait_for(0s) == std::future_status::ready;
    });
  }

  // Lets everything go on until `holds`; false, and a fault, when it does not.
  bool settle(const std::function<bool()>& holds) {
    const auto deadline = Clock::now() + kPatience;
    do {
      population_->tend();
      if (Clock::now() >= deadline) judge_->fail("a round does not end");
      if (const auto trouble = population_->trouble(); !trouble.empty()) judge_->fail(trouble);
      if (!judge_->faults().empty()) return false;
      process_.poll(1ms);
    } while (!holds());
    return true;
  }

  void end() {
    judge_->judge_end();
    const auto deadline = Clock::now() + kPatience;
    do {
      process_.poll(10ms);
      handles_at_end_ = handles();
    } while (handles_at_end_ != handles_at_begin_ && Clock::now() < deadline);
    if (handles_at_end_ != handles_at_begin_) judge_->fail("not as many descriptors or threads");
    population_->begin_end(options_.rounds + kLastRounds);
    if (!settle([this] { return population_->settled(); })) return;
    if (proxy_->stop() != 0) judge_->fail("the proxy did not end cleanly");
    growth_ = growth_of(resident_);
    if (options_.growth_percent > 0 && !is_flat(growth_, options_.growth_percent, kSlackBytes)) {
      judge_->fail("the proxy's memory has grown from " + std::to_string(growth_.early / 1000) +
                   " to " + std::to_string(growth_.late / 1000) + " kB");
    }
  }

  int conclude() const {
    const bench::Report report = figures();
    report.print_table(std::cout);
    bool is_good = judge_->faults().empty();
    if (!options_.json.empty() && !report.write_json(options_.json)) {
      std::cerr << "soak: cannot write " << options_.json << "\n";
      is_good = false;
    }
    for (std::size_t i = 0; i < std::min(kFaultsTold, judge_->faults().size()); ++i) {
      std::cout << "FAULT: " << judge_->faults()[i] << "\n";
    }
    if (!is_good) {
      const std::string log = proxy_->log();
      std::cout << "The proxy's log ends so:\n"
                << log.substr(log.size() - std::min(log.size(), kLogTold)) << "\n";
    }
    std::cout << "soak: " << pages_ << " pages, " << population_->lives().size()
              << " clients: " << (is_good ? "all whole and valid, memory flat" : "FAILED") << "\n";
    return is_good ? 0 : bench::kFailedExit;
  }

  [[nodiscard]] bench::Report figures() const;
  [[nodiscard]] bench::ProcessHandles handles() const {
    return bench::read_process_handles(proxy_->pid()).value_or(bench::ProcessHandles{});
  }

  struct Named {
    std::string name;
    std::unique_ptr<Scraper> scraper;
  };

  const Options& options_;
  const bench::ScratchFolder folder_{"soak"};
  const std::shared_ptr<runtime::Log> log_ =
      net::make_stderr_log(runtime::LogLevel::kError, net::LogFormat::kLogfmt);
  const std::shared_ptr<runtime::Keys> keys_ = net::make_keys();
  net::Process process_{1, *keys_, *log_};
  std::unique_ptr<bench::ProxyProcess> proxy_;
  std::unique_ptr<Population> population_;
  std::unique_ptr<Judge> judge_;
  std::vector<Named> pair_;
  std::unique_ptr<Scraper> of_pushes_;
  std::vector<Visit> visits_;

  std::uint64_t pages_ = 0;
  std::uint64_t other_pages_ = 0;
  std::uint64_t samples_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::vector<std::uint64_t> resident_;  // at the end of each round with churn
  Growth growth_;
  Clock::duration took_{};
  Clock::duration longest_round_{};
  bench::ProcessFigures at_begin_;  // of the rounds
  bench::ProcessFigures at_end_;
  bench::ProcessHandles handles_at_begin_;
  bench::ProcessHandles handles_at_end_;
};

bench::Report Soak::figures() const {
  bench::Report report("soak " + std::to_string(options_.population.clients) + " x " +
                       std::to_string(options_.population.series) +
                       (options_.tls ? ", TLS" : ", in clear"));
  const auto add = [&report](const std::string& name, auto value, const std::string& goal = {}) {
    report.add({name, static_cast<double>(value), goal});
  };
  const auto count = [this](Departure departure) {
    return std::ranges::count(population_->lives(), departure, &Life::departure);
  };
  add("seconds", std::chrono::duration<double>(took_).count());
  add("longest_round_seconds", std::chrono::duration<double>(longest_round_).count());
  add("pages", pages_);
  add("other_pages", other_pages_);
  add("samples", samples_);
  add("body_mb", static_cast<double>(body_bytes_) / 1e6);
  add("clients_that_came", population_->lives().size());
  add("left_with_a_goodbye", count(Departure::kGoodbye));
  add("left_cut_off", count(Departure::kCut));
  add("left_with_a_push", count(Departure::kPush));
  add("proxy_cpu_seconds",
      std::chrono::duration<double>(at_end_.cpu_time - at_begin_.cpu_time).count());
  add("resident_early_mb", static_cast<double>(growth_.early) / 1e6);
  add("resident_late_mb", static_cast<double>(growth_.late) / 1e6,
      "<= " + std::to_string(100 + options_.growth_percent) + " % and 2 MiB");
  add("resident_peak_mb", static_cast<double>(at_end_.resident.bytes_peak) / 1e6);
  add("descriptors_begin", handles_at_begin_.descriptors);
  add("descriptors_end", handles_at_end_.descriptors, "as at the beginning");
  add("threads_begin", handles_at_begin_.threads);
  add("threads_end", handles_at_end_.threads, "as at the beginning");
  return report;
}

}  // namespace
}  // namespace prometheus_rsocket::soak

int main(int argc, char** argv) {
  using namespace prometheus_rsocket;
  soak::Options options;
  auto& population = options.population;
  CLI::App app("Clients come and go while the proxy is scraped, again and again: does it grow?");
  app.add_option("--rounds", options.rounds, "Of two scrapes each, and a few more at the end")
      ->check(CLI::Range(5, 1'000'000))
      ->capture_default_str();
  app.add_option("--clients", population.clients, "How many are there at once")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--series", population.series, "How many each of them has, beside one")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--churn", population.churn, "How many come, and leave, in a round")
      ->capture_default_str();
  app.add_option("--seed", population.seed, "Of who leaves")->capture_default_str();
  app.add_flag("--tls", options.tls, "All of them over TLS");
  app.add_option("--growth-percent", options.growth_percent,
                 "How much more memory, beside 2 MiB, is no growth; 0: any")
      ->capture_default_str();
  app.add_option("--json", options.json, "Writes the figures to this file, too");
  app.add_option("--proxy", options.proxy, "The binary [that of this build]");
  if (const auto exit_code = bench::parse_command_line(app, argc, argv)) return *exit_code;
  if (!bench::have_descriptors_for(population.clients, "soak", "--clients")) {
    return bench::kUsageExit;
  }
  return soak::Soak(options).run();
}
