// A simulated world with one proxy and whoever a test lets live beside it.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sim/actor/our_client.h"
#include "sim/actor/ports.h"
#include "sim/actor/prometheus.h"
#include "sim/actor/proxy_host.h"

namespace prometheus_rsocket::sim::actor {

using namespace std::chrono_literals;
using history::ClientEnd;
using history::PushKind;
using history::ScrapeResult;

inline const Address kProxyAddress = ip("10.0.0.1");

// Accepts on an address and keeps what comes, byte for byte; sends what it is told.
class RawServer {
 public:
  struct Accepted {
    std::unique_ptr<runtime::Stream> stream;
    base::Instant at;
    std::string received;
    runtime::error_code ended;
    std::array<char, 4096> buffer{};
    std::string sending;
  };

  RawServer(Process& process, std::uint16_t port)
      : shard_(process.shard(0)), listener_(shard_.network.listen({process.host(), port}).value()) {
    accept();
  }

  // Reads nothing on what is accepted from now on.
  bool deaf = false;
  bool closes_at_once = false;
  std::vector<std::unique_ptr<Accepted>> connections;

  [[nodiscard]] Accepted& newest() { return *connections.back(); }
  void send(std::string bytes) {
    Accepted& to = newest();
    to.sending = std::move(bytes);
    boost::asio::async_write(
        *to.stream, boost::asio::buffer(to.sending),
        boost::asio::bind_executor(shard_.executor, [](runtime::error_code, std::size_t) {}));
  }
  void send_fin() {
    newest().stream->async_shutdown_send(
        boost::asio::bind_executor(shard_.executor, [](runtime::error_code) {}));
  }

 private:
  void accept() {
    listener_->async_accept(
        shard_.executor,
        boost::asio::bind_executor(shard_.executor, [this](runtime::error_code error,
                                                           std::unique_ptr<runtime::Stream> from) {
          if (error) return;
          connections.push_back(std::make_unique<Accepted>());
          newest().at = shard_.clock.now();
          if (!closes_at_once) newest().stream = std::move(from);
          if (!deaf && !closes_at_once) read(newest());
          from.reset();
          accept();
        }));
  }
  void read(Accepted& from) {
    from.stream->async_read_some(
        boost::asio::buffer(from.buffer),
        boost::asio::bind_executor(shard_.executor,
                                   [this, &from](runtime::error_code error, std::size_t bytes) {
                                     from.received.append(from.buffer.data(), bytes);
                                     from.ended = error;
                                     if (!error) read(from);
                                   }));
  }

  runtime::Shard& shard_;
  std::unique_ptr<runtime::Listener> listener_;
};

struct ActorWorld {
  explicit ActorWorld(std::uint64_t seed = 1, Config network = {},
                      base::Duration push_commit_delay = {})
      : world(seed, network),
        recorder(rules(), [this] { return world.now(); }),
        proxy(world, recorder,
              {.id = history::ProxyId{0},
               .address = kProxyAddress,
               .shards = 2,
               .server = {},
               .push_commit_delay = push_commit_delay}) {}

  [[nodiscard]] history::Rules rules() const {
    history::Rules made;
    made.start = world.now();
    return made;
  }

  void start_proxy() {
    proxy.start();
    world.run_for(1s);  // the key is made
  }

  [[nodiscard]] Address new_address() { return ip("10.1.0." + std::to_string(++hosts)); }

  // Of ours, not yet alive. They live until the world ends.
  OurClient& new_client(transport::TransportKind kind = transport::TransportKind::kTcp) {
    const auto port = kind == transport::TransportKind::kTcp ? kTcpPort : kWebSocketPort;
    clients.push_back(std::make_unique<OurClient>(
        world, recorder,
        OurClientConfig{.instance = {static_cast<std::uint32_t>(clients.size())},
                        .host = new_address(),
                        .targets = {{kProxyAddress.to_string(), port, kind, "/"}},
                        .retry = {},
                        .parts_max = 20}));
    return *clients.back();
  }
  // Alive, connected, with a key.
  OurClient& add_client(transport::TransportKind kind = transport::TransportKind::kTcp) {
    OurClient& client = new_client(kind);
    client.start();
    EXPECT_TRUE(world.run_until([&] { return client.has_key(); }, 1min)) << world.log_text();
    return client;
  }

  [[nodiscard]] ScraperConfig scraper_config(std::uint32_t number = 0) const {
    return {.id = {number},
            .proxy = proxy.id(),
            .endpoint = proxy.web(),
            .name = "prometheus-" + std::to_string(number)};
  }
  Prometheus& add_prometheus(std::uint32_t number = 0, base::Duration interval = 15s) {
    Process& process = world.add_process(new_address());
    return process.emplace<Prometheus>(process, recorder, scraper_config(number), interval,
                                       world.seed());
  }

  template <class T>
  [[nodiscard]] std::vector<T> all() const {
    std::vector<T> found;
    for (const auto& entry : recorder.history().entries) {
      if (const auto* one = std::get_if<T>(&entry.what)) found.push_back(*one);
    }
    return found;
  }
  template <class T>
  [[nodiscard]] std::vector<base::Duration> times() const {
    std::vector<base::Duration> found;
    for (const auto& entry : recorder.history().entries) {
      if (std::holds_alternative<T>(entry.what)) {
        found.push_back(entry.at - recorder.history().rules.start);
      }
    }
    return found;
  }
  // Runs until there is one more of these.
  template <class T>
  [[nodiscard]] bool run_until_next(base::Duration limit = 1min) {
    const std::size_t before = all<T>().size();
    return world.run_until([&] { return all<T>().size() > before; }, limit);
  }

  World world;
  history::Recorder recorder;
  ProxyHost proxy;
  std::uint32_t hosts = 0;
  std::vector<std::unique_ptr<OurClient>> clients;
};

}  // namespace prometheus_rsocket::sim::actor
