// How fast the simulator is: 50 agents on one proxy, TCP and WebSocket, scraped every 15 s.
// Usage: sim_bench [SIMULATED_MINUTES]. Prints events and simulated hours a second of CPU.
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/agent.h"
#include "base/check.h"
#include "runtime/network.h"
#include "server/server.h"
#include "sim/world.h"

namespace prometheus_rsocket {
namespace {

constexpr std::size_t kAgents = 50;
constexpr int kSeries = 20;
constexpr base::Duration kScrapeInterval = std::chrono::seconds(15);

const auto kProxy = sim::ip("10.0.0.1");
const runtime::Endpoint kTcp{kProxy, 7001};
const runtime::Endpoint kWebSocket{kProxy, 8081};
const runtime::Endpoint kHttp{kProxy, 8080};

class Application final : private agent::MetricsSource, private agent::Observer {
 public:
  Application(runtime::Shard& shard, std::size_t number) {
    for (int i = 0; i < kSeries; ++i) {
      const std::string name = "app" + std::to_string(number) + "_metric" + std::to_string(i);
      text_ += "# TYPE " + name + " gauge\n" + name + "{zone=\"a\"} " + std::to_string(i) + "\n";
    }
    const bool is_websocket = number % 3 == 0;
    const runtime::Endpoint& to = is_websocket ? kWebSocket : kTcp;
    agent::Config config;
    config.targets = {
        {to.address.to_string(), to.port,
         is_websocket ? transport::TransportKind::kWebSocket : transport::TransportKind::kTcp,
         "/"}};
    agent::MetricsSource& source = *this;
    agent::Observer& observer = *this;
    agent_ = std::make_unique<agent::Agent>(shard, std::move(config), source, observer);
    agent_->connect();
  }

 private:
  void collect(Done done) override { done({}, text_); }
  void on_event(const agent::Event& /*event*/) override {}

  std::string text_;
  std::unique_ptr<agent::Agent> agent_;
};

// Dials once and asks for a page every interval; of the answers only the bytes count.
class Scraper final {
 public:
  explicit Scraper(runtime::Shard& shard) : shard_(shard), timer_(shard.timers.make_timer()) {
    shard_.network.async_connect(
        kHttp, [this](runtime::error_code error, std::unique_ptr<runtime::Stream> stream) {
          CHECK(!error, "the proxy listens");
          stream_ = std::move(stream);
          ask();
          read();
        });
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  void ask() {
    sent_ = 0;
    write();
    timer_->async_wait_until(shard_.clock.now() + kScrapeInterval,
                             [this](runtime::error_code error) {
                               if (!error) ask();
                             });
  }
  void write() {
    if (sent_ == request_.size()) return;
    stream_->async_write_some(boost::asio::buffer(request_) + sent_,
                              [this](runtime::error_code error, std::size_t count) {
                                CHECK(!error, "the proxy keeps the connection");
                                sent_ += count;
                                write();
                              });
  }
  void read() {
    stream_->async_read_some(boost::asio::buffer(buffer_),
                             [this](runtime::error_code error, std::size_t count) {
                               CHECK(!error, "the proxy keeps the connection");
                               bytes_ += count;
                               read();
                             });
  }

  runtime::Shard& shard_;
  std::unique_ptr<runtime::Timer> timer_;
  std::unique_ptr<runtime::Stream> stream_;
  const std::string request_ = "GET /metrics/connected HTTP/1.1\r\nHost: proxy\r\n\r\n";
  std::size_t sent_ = 0;
  std::array<char, 16384> buffer_{};
  std::uint64_t bytes_ = 0;
};

void run(std::chrono::minutes simulated) {
  sim::World world(1);
  sim::Process& proxy = world.add_process(kProxy, 2);
  server::Config config;
  config.web_addresses = {kHttp};
  config.tcp_addresses = {kTcp};
  config.websocket_addresses = {kWebSocket};
  auto& server = proxy.emplace<server::Server>(proxy, config);
  CHECK(!server.listen(), "the ports are free");
  server.start([](int) {});
  for (std::size_t i = 0; i < kAgents; ++i) {
    sim::Process& client = world.add_process(sim::ip("10.1.0." + std::to_string(i + 1)));
    client.emplace<Application>(client.shard(0), i);
  }
  sim::Process& prometheus = world.add_process(sim::ip("10.2.0.1"));
  const auto& scraper = prometheus.emplace<Scraper>(prometheus.shard(0));

  const std::clock_t start = std::clock();
  world.run_for(simulated);
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  const auto events = static_cast<double>(world.events());
  std::cout << std::fixed << std::setprecision(2) << seconds << " s of CPU for "
            << simulated.count()
            << " simulated minutes: " << static_cast<double>(simulated.count()) / 60 / seconds
            << " hours/s, " << std::setprecision(0) << events / seconds << " events/s (" << events
            << " events, " << scraper.bytes() << " bytes scraped)\nhash=0x" << std::hex
            << world.trace_hash() << "\n";
}

}  // namespace
}  // namespace prometheus_rsocket

int main(int argc, char** argv) {
  prometheus_rsocket::run(std::chrono::minutes(argc > 1 ? std::atoi(argv[1]) : 60));
}
