// A simulated world with a whole proxy in it, applications around it, and scrapers.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/agent.h"
#include "server/registry.h"
#include "server/server.h"
#include "sim/peer/http_client.h"
#include "sim/peer/raw_peer.h"
#include "sim/worker.h"
#include "sim/world.h"
#include "transport/identity.h"

namespace prometheus_rsocket::server {

namespace test = sim::peer;

inline const auto kProxyAddress = sim::ip("10.0.0.1");
inline const runtime::Endpoint kTcp{kProxyAddress, 7001};
inline const runtime::Endpoint kWebSocket{kProxyAddress, 8081};
inline const runtime::Endpoint kHttp{kProxyAddress, 8080};

// One gauge as a client writes it, and as it stands on the page.
inline std::string gauge(std::string_view name, int value) {
  return "# TYPE " + std::string(name) + " gauge\n" + std::string(name) + " " +
         std::to_string(value) + "\n";
}

// The settings of an application that names itself.
inline agent::Config named(std::string instance, std::string incarnation = "one",
                           std::map<std::string, std::string> labels = {}) {
  agent::Config config;
  EXPECT_TRUE(transport::introduce(config.setup, {.job = "job",
                                                  .instance = std::move(instance),
                                                  .incarnation = std::move(incarnation),
                                                  .labels = std::move(labels)}));
  return config;
}

// That application's page.
inline std::string path_of(const std::string& instance) {
  return "/metrics/clients/" + name_id({"job", instance, "", {}});
}

// An application with our client. Answers at once, after a delay, or never.
class Application final : private agent::MetricsSource, private agent::Observer {
 public:
  Application(runtime::Shard& shard, std::string text,
              transport::TransportKind kind = transport::TransportKind::kTcp,
              agent::Config config = {})
      : text_(std::move(text)) {
    const runtime::Endpoint& to = kind == transport::TransportKind::kTcp ? kTcp : kWebSocket;
    config.targets = {{to.address.to_string(), to.port, kind, "/"}};
    agent::MetricsSource& source = *this;
    agent::Observer& observer = *this;
    agent_ = std::make_unique<agent::Agent>(shard, std::move(config), source, observer);
    agent_->connect();
  }

  void set_text(std::string text) { text_ = std::move(text); }
  void hang() { hangs_ = true; }
  void recover() {
    hangs_ = false;
    for (const auto& done : std::exchange(held_, {})) done({}, text_);
  }
  [[nodiscard]] std::size_t asked() const { return asked_; }
  [[nodiscard]] std::size_t connected_times() const { return connected_times_; }

  void push(agent::PushKind kind, std::string text) {
    agent_->push_and_close(kind, text, std::chrono::seconds(5),
                           [this](runtime::error_code error) { pushed_ = error; });
  }
  [[nodiscard]] std::optional<runtime::error_code> pushed() const { return pushed_; }
  [[nodiscard]] agent::Agent& agent() { return *agent_; }

 private:
  void collect(Done done) override {
    ++asked_;
    if (hangs_) {
      held_.push_back(std::move(done));
    } else {
      done({}, text_);
    }
  }
  void on_event(const agent::Event& event) override {
    if (std::holds_alternative<agent::Connected>(event)) ++connected_times_;
  }

  std::string text_;
  bool hangs_ = false;
  std::vector<Done> held_;
  std::size_t asked_ = 0;
  std::size_t connected_times_ = 0;
  std::optional<runtime::error_code> pushed_;
  std::unique_ptr<agent::Agent> agent_;
};

// What work on a worker takes here.
class WorkTime final : public sim::Blocking {
 public:
  explicit WorkTime(base::Duration time) : time_(time) {}
  void begin_work() override {}
  base::Duration end_work() override { return time_; }

 private:
  base::Duration time_;
};

struct ServerWorld {
  // `access`: null: everybody may.
  explicit ServerWorld(Config server_config = {}, sim::Config network = {}, std::uint64_t seed = 1,
                       std::size_t shards = 2, AccessSource* access = nullptr)
      : config(std::move(server_config)),
        world(seed, network),
        shard_count(shards),
        access_source(access) {
    config.web_addresses = {kHttp};
    config.tcp_addresses = {kTcp};
    config.websocket_addresses = {kWebSocket};
    start();
  }

  void start() {
    proxy = &world.add_process(kProxyAddress, shard_count);
    server = &proxy->emplace<Server>(*proxy, config);
    if (access_source != nullptr) {
      auto& files = proxy->emplace<sim::Worker>(*proxy, file_time);
      auto& passwords = proxy->emplace<sim::Worker>(*proxy, password_time);
      EXPECT_EQ(server->use_access(*access_source, files, passwords), std::nullopt);
    }
    EXPECT_FALSE(server->listen());
    exit_code.reset();
    server->start([this](int code) { exit_code = code; });
    world.run_for(std::chrono::seconds(1));  // the key is made
  }

  // A host of its own: 10.1.0.1, 10.1.0.2 …
  runtime::Shard& new_host() {
    ++hosts;
    return world.add_process(last_host()).shard(0);
  }
  [[nodiscard]] sim::Address last_host() const {
    return sim::ip("10.1." + std::to_string(hosts / 250) + "." + std::to_string(hosts % 250 + 1));
  }
  Application& add_application(std::string text,
                               transport::TransportKind kind = transport::TransportKind::kTcp,
                               agent::Config application_config = {}) {
    applications.push_back(std::make_unique<Application>(new_host(), std::move(text), kind,
                                                         std::move(application_config)));
    Application& made = *applications.back();
    EXPECT_TRUE(world.run_until([&] { return made.agent().has_key(); })) << world.log_text();
    return made;
  }

  // By an application of its own, until it is stored and its connection has ended.
  void push(std::string text, agent::PushKind kind = agent::PushKind::kAcknowledged) {
    Application& application = add_application("");
    application.push(kind, std::move(text));
    ASSERT_TRUE(world.run_until([&] { return application.pushed().has_value(); }));
    EXPECT_EQ(*application.pushed(), runtime::error_code());
    world.run_for(std::chrono::seconds(5));
  }

  // From a host of its own, which keeps its connection.
  std::unique_ptr<sim::peer::HttpClient> new_scraper() {
    return std::make_unique<sim::peer::HttpClient>(new_host(), kHttp);
  }
  // The answer to GET, and the connection's end.
  sim::peer::HttpResponse get(std::string_view path, std::string_view headers = "") {
    auto client = new_scraper();
    client->get(path, headers);
    const auto response = wait_for(*client);
    client.reset();
    world.run_for(std::chrono::milliseconds(10));
    return response;
  }
  sim::peer::HttpResponse wait_for(sim::peer::HttpClient& client) {
    const bool came = world.run_until([&] { return client.response().has_value(); });
    EXPECT_TRUE(came) << client.peer().received() << world.log_text();
    return client.response().value_or(sim::peer::HttpResponse{});
  }
  std::string scrape(std::string_view headers = "") {
    return get("/metrics/connected", headers).body;
  }
  // A sample's value on /metrics/proxy; the whole line up to the value is given.
  std::string metric(std::string_view series) {
    const std::string page = get("/metrics/proxy").body;
    const std::string start = "\n" + std::string(series) + " ";
    const std::size_t at = page.find(start);
    if (at == std::string::npos) return "none";
    const std::size_t value = at + start.size();
    return page.substr(value, page.find('\n', value) - value);
  }

  Config config;
  sim::World world;
  std::size_t shard_count;
  AccessSource* access_source;
  WorkTime file_time{std::chrono::milliseconds(1)};
  WorkTime password_time{std::chrono::milliseconds(70)};
  std::size_t hosts = 0;
  sim::Process* proxy = nullptr;
  Server* server = nullptr;
  std::optional<int> exit_code;
  std::vector<std::unique_ptr<Application>> applications;  // gone before the world
};

}  // namespace prometheus_rsocket::server
