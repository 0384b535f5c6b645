// scale_load: the clients of scale_1000x1000, in a process of its own so that their CPU is told
// from the proxy's. Each is a real client from agent::Agent down, introduced as a Java client is:
// without a name. They answer with what it costs to seal and send a text, not to collect one.
//
//   build/release/bench/scale_load --proxy-port=PORT [--clients=1000] [--series=1000] [--hung=0]
//
// Says `ready` on stderr once every client has its key; ends by SIGTERM with 0, and with 1 as soon
// as a client loses its connection.
#include <CLI/CLI.hpp>
#include <boost/asio/bind_executor.hpp>
#include <cstdint>
#include <iostream>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "agent/agent.h"
#include "net/keys.h"
#include "net/log.h"
#include "net/process.h"
#include "support/client_text.h"
#include "support/command_line.h"

namespace prometheus_rsocket::bench {
namespace {

constexpr std::size_t kDialsAtOnce = 256;

struct Options {
  std::uint16_t proxy_port = 0;
  std::size_t clients = 1'000;
  std::size_t series = 1'000;
  std::size_t hung = 0;
};

class Load;

class LoadClient final : private agent::MetricsSource, private agent::Observer {
 public:
  LoadClient(runtime::Shard& shard, const Options& options, std::size_t number, Load& load)
      : load_(load),
        is_hung_(number < options.hung),
        text_(number, options.series),
        agent_(shard, config(options), *this, *this) {}

  void connect() { agent_.connect(); }

 private:
  static agent::Config config(const Options& options) {
    agent::Config config;
    config.targets = {{.host = "127.0.0.1", .port = options.proxy_port}};
    config.setup = {};
    return config;
  }

  void collect(Done done) override {
    if (is_hung_) return;
    text_.advance();
    done({}, text_.text());
  }
  void on_event(const agent::Event& event) override;

  Load& load_;
  const bool is_hung_;
  bool has_key_ = false;
  ClientText text_;
  agent::Agent agent_;
};

class Load {
 public:
  Load(net::Process& process, const Options& options) : process_(process) {
    for (std::size_t i = 0; i < options.clients; ++i) {
      clients_.push_back(std::make_unique<LoadClient>(process.shard(0), options, i, *this));
    }
    for (std::size_t i = 0; i < kDialsAtOnce; ++i) connect_next();
  }

  void key_came() {
    connect_next();
    if (++ready_ == clients_.size()) std::cerr << "ready\n";
  }

  void failed(const agent::Event& event) {
    if (std::exchange(exit_code_, kFailedExit) == 0) std::cerr << event << "\n";
    process_.stop();
  }

  [[nodiscard]] int exit_code() const { return exit_code_; }

 private:
  void connect_next() {
    if (connecting_ < clients_.size()) clients_[connecting_++]->connect();
  }

  net::Process& process_;
  std::vector<std::unique_ptr<LoadClient>> clients_;
  std::size_t connecting_ = 0;
  std::size_t ready_ = 0;
  int exit_code_ = 0;
};

void LoadClient::on_event(const agent::Event& event) {
  if (std::holds_alternative<agent::KeyReceived>(event)) {
    if (!std::exchange(has_key_, true)) load_.key_came();
  } else if (std::holds_alternative<agent::Disconnected>(event) ||
             std::holds_alternative<agent::DialFailed>(event)) {
    load_.failed(event);
  }
}

int run(const Options& options) {
  const auto log = net::make_stderr_log(runtime::LogLevel::kWarn, net::LogFormat::kLogfmt);
  const auto keys = net::make_keys();
  net::Process process(1, *keys, *log);
  Load load(process, options);
  process.signals().async_wait(boost::asio::bind_executor(
      process.shard(0).executor, [&](runtime::error_code, runtime::Signal) { process.stop(); }));
  process.run();
  return load.exit_code();
}

}  // namespace
}  // namespace prometheus_rsocket::bench

int main(int argc, char** argv) {
  using namespace prometheus_rsocket::bench;
  Options options;
  CLI::App app("The clients of scale_1000x1000");
  app.add_option("--proxy-port", options.proxy_port, "Where the proxy takes TCP")->required();
  app.add_option("--clients", options.clients, "How many clients")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--series", options.series, "How many series each, all distinct")
      ->capture_default_str();
  app.add_option("--hung", options.hung, "How many of the clients answer no scrape")
      ->capture_default_str();
  if (const auto exit_code = parse_command_line(app, argc, argv)) return *exit_code;
  if (!have_descriptors_for(options.clients, "scale_load", "--clients")) return kUsageExit;
  return run(options);
}
