// A simulated world with a proxy and one agent: what the agent's tests start from.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "agent/agent.h"
#include "scripted_proxy.h"
#include "sim/world.h"

namespace prometheus_rsocket::agent {

using std::chrono::seconds;

// Answers at once with `text`, or, when it holds, when the test says so.
class TestSource final : public MetricsSource {
 public:
  std::string text = "up 1\n";
  runtime::error_code error;
  bool holds = false;
  std::vector<Done> held;

  void collect(Done done) override {
    if (holds) {
      held.push_back(std::move(done));
    } else {
      done(error, text);
    }
  }
  void release() {
    for (const auto& done : std::exchange(held, {})) done(error, text);
  }
};

class TestObserver final : public Observer {
 public:
  std::vector<Event> events;
  std::function<void(const Event&)> react;

  void on_event(const Event& event) override {
    events.push_back(event);
    if (react) react(event);
  }
  template <class T>
  [[nodiscard]] std::vector<T> all() const {
    std::vector<T> found;
    for (const auto& event : events) {
      if (const auto* one = std::get_if<T>(&event)) found.push_back(*one);
    }
    return found;
  }
  template <class T>
  [[nodiscard]] bool saw(const T& wanted) const {
    return std::ranges::count(events, Event(wanted)) > 0;
  }
};

struct AgentWorld {
  static constexpr std::uint16_t kPort = 7001;

  explicit AgentWorld(std::uint64_t seed = 1, sim::Config network = {}) : world(seed, network) {
    config.targets = {{"10.0.0.1", kPort, transport::TransportKind::kTcp, "/"}};
  }

  // The proxy at 10.0.0.1, restarted if it was killed.
  ScriptedProxy& start_proxy(const std::string& host = "10.0.0.1") {
    auto& process = world.add_process(sim::ip(host));
    proxy_process = &process;
    proxy =
        &process.emplace<ScriptedProxy>(process.shard(0), runtime::Endpoint{sim::ip(host), kPort},
                                        config.targets.front().transport);
    return *proxy;
  }

  Agent& start_agent() {
    if (!client_process) client_process = &world.add_process(sim::ip("10.0.1.1"));
    agent = std::make_unique<Agent>(client_process->shard(0), config, source, observer);
    agent->connect();
    return *agent;
  }

  // Both, connected, the key given.
  void connect() {
    if (proxy == nullptr) start_proxy();
    start_agent();
    ASSERT_TRUE(world.run_until([&] { return proxy->has_client(); }));
    give_key();
  }
  void give_key() {
    const std::size_t before = observer.all<KeyReceived>().size();
    proxy->newest().give_key();
    ASSERT_TRUE(world.run_until([&] { return observer.all<KeyReceived>().size() > before; }));
  }

  std::string scrape() {
    Peer& peer = proxy->newest();
    peer.scrape();
    return wait_for_reply(peer);
  }
  std::string ask(std::string_view data) {
    Peer& peer = proxy->newest();
    peer.ask(base::as_bytes(data));
    return wait_for_reply(peer);
  }

  // The answer comes into `pushed`.
  void push(PushKind kind, base::Duration time_max = kPushTimeout) {
    agent->push_and_close(kind, source.text, time_max, [this](runtime::error_code error) {
      ++pushes_done;
      pushed = error;
    });
  }
  [[nodiscard]] runtime::error_code wait_for_push() {
    EXPECT_TRUE(world.run_until([&] { return pushes_done > 0; }));
    return pushed;
  }

  sim::World world;
  Config config;
  TestSource source;
  TestObserver observer;
  sim::Process* proxy_process = nullptr;
  sim::Process* client_process = nullptr;
  ScriptedProxy* proxy = nullptr;
  runtime::error_code pushed;
  int pushes_done = 0;
  std::unique_ptr<Agent> agent;  // destroyed before the world

 private:
  std::string wait_for_reply(Peer& peer) {
    EXPECT_TRUE(world.run_until([&] { return !peer.replies.back().empty() || peer.closed; }));
    return peer.replies.back();
  }
};

}  // namespace prometheus_rsocket::agent
