// kill_rounds: is an acknowledged push ever lost? The real proxy with --push.store is killed
// (SIGKILL) at a random moment while clients push and a Prometheus scrapes, and started again, many
// times over.
//
//   build/release/tests/proxy/kill_rounds [--rounds=200] [--clients=8] [--seed=1] [--proxy=PATH]
//
// Every push is a series of its own. Of all that was acknowledged each must be on a whole page of
// the scraper, and on a whole page of another one that comes at the end; on no two pages of one
// process's life to the same scraper, which is: at most once more for each kill.
// Exit 0 if so, 1 if not or if too little came to pass to say so, 2 for a wrong use.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "agent/agent.h"
#include "net/keys.h"
#include "net/log.h"
#include "net/process.h"
#include "support/command_line.h"
#include "support/proxy_process.h"
#include "support/scraper.h"
#include "support/scratch_folder.h"

namespace prometheus_rsocket {
namespace {

using namespace std::chrono_literals;
using bench::ProxyProcess;
using bench::Scraper;
using Ids = std::set<std::uint64_t>;

constexpr auto kPushTime = 5s;
constexpr auto kRoundTimeMax = std::chrono::milliseconds(250);  // from the first key to the kill

struct Options {
  std::size_t rounds = 200;
  std::size_t clients = 8;
  std::uint64_t seed = 1;
  std::string proxy = PROXY_BINARY;
};

std::string text_of(std::uint64_t id) {
  return "# TYPE push gauge\npush{id=\"" + std::to_string(id) + "\"} 1\n";
}

Ids ids_on(std::string_view page) {
  constexpr std::string_view kBefore = "push{id=\"";
  Ids ids;
  for (auto at = page.find(kBefore); at != page.npos; at = page.find(kBefore, at + 1)) {
    ids.insert(std::stoull(std::string(page.substr(at + kBefore.size(), 20))));
  }
  return ids;
}

// Pushes one series after the other, each through a client of its own, until it is destroyed.
class Pusher final : private agent::MetricsSource, private agent::Observer {
 public:
  struct Told {
    std::uint64_t next = 1;
    Ids acknowledged;
    bool has_key = false;
  };

  Pusher(net::Process& process, std::uint16_t port, Told& told)
      : process_(process), port_(port), told_(told) {
    next();
  }

 private:
  void next() {
    agent::Config config;
    config.targets = {{.host = "127.0.0.1", .port = port_}};
    agent_ = std::make_unique<agent::Agent>(process_.shard(0), config,
                                            static_cast<agent::MetricsSource&>(*this),
                                            static_cast<agent::Observer&>(*this));
    has_pushed_ = false;
    agent_->connect();
  }
  void collect(Done done) override { done({}, ""); }
  void on_event(const agent::Event& event) override {
    if (!std::holds_alternative<agent::KeyReceived>(event)) return;
    if (std::exchange(has_pushed_, true)) return;
    told_.has_key = true;
    process_.send(0, 0, [this, agent = agent_.get()] { push(*agent); });
  }
  void push(agent::Agent& agent) {
    const std::uint64_t id = told_.next++;
    agent.push_and_close(agent::PushKind::kAcknowledged, text_of(id), kPushTime,
                         [this, id](runtime::error_code error) {
                           if (!error) told_.acknowledged.insert(id);
                           process_.send(0, 0, [this] { next(); });
                         });
  }

  net::Process& process_;
  std::uint16_t port_;
  Told& told_;
  bool has_pushed_ = false;
  std::unique_ptr<agent::Agent> agent_;
};

struct Result {
  std::size_t pages = 0;
  std::size_t repeated_in_a_life = 0;
  std::map<std::uint64_t, std::size_t> shown;  // to the scraper, in so many lives
  std::vector<std::string> failures;
};

// The scrapes of one life of the proxy, until it says no more.
void scrape_life(std::uint16_t port, Result& result) {
  Scraper scraper(port, "/metrics/connected?scraper=always");
  Ids seen;
  while (true) {
    const auto page = scraper.scrape(bench::PageSyntax::kText, bench::PageCoding::kIdentity);
    if (!page) break;
    ++result.pages;
    for (const std::uint64_t id : ids_on(page->text)) {
      if (!seen.insert(id).second) ++result.repeated_in_a_life;
    }
  }
  for (const std::uint64_t id : seen) ++result.shown[id];
}

class Rounds {
 public:
  explicit Rounds(const Options& options) : options_(options), random_(options.seed) {}

  int run() {
    for (std::size_t round = 0; round < options_.rounds; ++round) {
      if (!play()) return bench::kFailedExit;
    }
    return judge();
  }

 private:
  [[nodiscard]] std::unique_ptr<ProxyProcess> start() const {
    auto started = ProxyProcess::start(options_.proxy,
                                       {"--threads=2", "--push.store=" + folder_.path("store")});
    if (started) return std::move(*started);
    std::cerr << "kill_rounds: " << started.error() << "\n";
    return nullptr;
  }

  // A life of the proxy, and its end.
  bool play() {
    auto proxy = start();
    if (!proxy) return false;
    std::jthread scraping([&] { scrape_life(proxy->ports().http, result_); });
    const auto log = net::make_stderr_log(runtime::LogLevel::kError, net::LogFormat::kLogfmt);
    const auto keys = net::make_keys();
    net::Process process(1, *keys, *log);
    std::vector<std::unique_ptr<Pusher>> pushers;
    told_.has_key = false;
    for (std::size_t i = 0; i < options_.clients; ++i) {
      pushers.push_back(std::make_unique<Pusher>(process, proxy->ports().tcp, told_));
    }
    const auto run_until = [&](auto holds) {
      const auto deadline = std::chrono::steady_clock::now() + 30s;
      while (!holds() && std::chrono::steady_clock::now() < deadline) process.poll(1ms);
    };
    run_until([&] { return told_.has_key; });
    if (!told_.has_key) {
      std::cerr << "kill_rounds: nobody had a key within 30 s\n";
      return false;
    }
    const auto killed_at = std::chrono::steady_clock::now() +
                           std::chrono::microseconds(random_() % (kRoundTimeMax / 1us));
    run_until([&] { return std::chrono::steady_clock::now() >= killed_at; });
    proxy.reset();  // SIGKILL
    return true;
  }

  int judge() {
    const auto proxy = start();
    if (!proxy) return bench::kFailedExit;
    Ids of_always;
    for (const auto& [id, times] : result_.shown) of_always.insert(id);
    const auto at_the_end = [&](const std::string& scraper) {
      Scraper last(proxy->ports().http, "/metrics/connected?scraper=" + scraper);
      const auto page = last.scrape(bench::PageSyntax::kText, bench::PageCoding::kIdentity);
      return page ? ids_on(page->text) : Ids{};
    };
    of_always.merge(at_the_end("always"));
    const std::size_t lost = missing_from(of_always);
    const std::size_t lost_for_late = missing_from(at_the_end("late"));
    const auto repeated =
        std::ranges::count_if(result_.shown, [](const auto& one) { return one.second > 1; });
    const auto often =
        std::ranges::count_if(result_.shown, [](const auto& one) { return one.second > 2; });
    std::cout << "kills                                       " << options_.rounds << "\n"
              << "pushes acknowledged                         " << told_.acknowledged.size() << "\n"
              << "pushes begun                                " << told_.next - 1 << "\n"
              << "whole pages                                 " << result_.pages << "\n"
              << "acknowledged and lost                       " << lost << "\n"
              << "acknowledged and lost for a late scraper    " << lost_for_late << "\n"
              << "shown twice in one life                     " << result_.repeated_in_a_life
              << "\n"
              << "shown once more after a kill                " << repeated << "\n"
              << "shown after more than one kill again        " << often << "\n";
    const bool is_good = lost == 0 && lost_for_late == 0 && result_.repeated_in_a_life == 0;
    const bool is_enough =
        told_.acknowledged.size() >= options_.rounds && result_.pages >= options_.rounds;
    if (!is_enough) std::cerr << "kill_rounds: less than a push and a page for each kill\n";
    return is_good && is_enough ? 0 : bench::kFailedExit;
  }

  [[nodiscard]] std::size_t missing_from(const Ids& shown) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        told_.acknowledged, [&](std::uint64_t id) { return !shown.contains(id); }));
  }

  const Options& options_;
  std::mt19937_64 random_;
  const bench::ScratchFolder folder_{"kill-rounds"};
  Pusher::Told told_;
  Result result_;
};

}  // namespace
}  // namespace prometheus_rsocket

int main(int argc, char** argv) {
  using namespace prometheus_rsocket;
  Options options;
  CLI::App app("Kills the proxy while clients push, again and again: is anything lost?");
  app.add_option("--rounds", options.rounds, "How many kills")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--clients", options.clients, "How many push at once")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of the moments of the kills")->capture_default_str();
  app.add_option("--proxy", options.proxy, "The binary [that of this build]");
  if (const auto exit_code = bench::parse_command_line(app, argc, argv)) return *exit_code;
  return Rounds(options).run();
}
