// A simulated world with two hosts and sessions between them, over TCP or WebSocket: what the tests
// of lib/transport start from.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "raw_client.h"
#include "rsocket/connection.h"
#include "sim/world.h"
#include "transport/session.h"
#include "transport/websocket_frame_channel.h"

namespace prometheus_rsocket::transport {

// One side of a connection: writes down what its session tells it.
class End final : private SessionHandler {
 public:
  End(runtime::Shard& shard, std::unique_ptr<FrameChannel> channel, rsocket::Role role,
      const rsocket::ConnectionConfig& config, std::shared_ptr<Turns> turns = nullptr)
      : shard_(shard) {
    SessionHandler& handler = *this;
    session_ = std::make_shared<Session>(shard, std::move(channel),
                                         rsocket::Connection(role, config, shard.clock.now()),
                                         handler, nullptr, std::move(turns));
    session_->start();
  }
  ~End() override {
    session_->detach();
    session_->abort();
  }
  End(const End&) = delete;
  End& operator=(const End&) = delete;

  [[nodiscard]] Session& session() { return *session_; }
  [[nodiscard]] std::weak_ptr<Session> watch() const { return session_; }

  std::vector<std::string> events;         // as they are printed
  std::vector<rsocket::Payload> payloads;  // that came with them
  std::optional<base::Instant> closed_at;
  std::function<void(const rsocket::Event&)> react;

  [[nodiscard]] std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        events, [&](const std::string& event) { return event.starts_with(name); }));
  }
  [[nodiscard]] bool saw(std::string_view name) const { return count(name) > 0; }
  [[nodiscard]] bool closed() const { return closed_at.has_value(); }
  [[nodiscard]] std::string last() const { return events.empty() ? "" : events.back(); }

  // Answers every request with the payload that it came with.
  void echo() {
    react = [this](const rsocket::Event& event) {
      if (const auto* request = std::get_if<rsocket::Request>(&event)) {
        EXPECT_TRUE(session_->respond(request->stream, request->payload));
      }
    };
  }

 private:
  void on_event(const rsocket::Event& event) override {
    std::ostringstream line;
    line << event;
    events.push_back(line.str());
    std::visit(
        [this](const auto& one) {
          if constexpr (requires { one.payload; }) {
            payloads.push_back(rsocket::to_owned(one.payload));
          }
        },
        event);
    if (std::holds_alternative<rsocket::Closed>(event)) closed_at = shard_.clock.now();
    if (react) react(event);
  }

  runtime::Shard& shard_;
  std::shared_ptr<Session> session_;
};

struct SessionWorld {
  static constexpr auto kHandshakeTime = std::chrono::seconds(10);
  static constexpr auto kHandshakeHold = std::chrono::seconds(5);

  explicit SessionWorld(TransportKind transport, std::uint64_t seed = 1,
                        const sim::Config& network = {})
      : kind(transport),
        world(seed, network),
        server_process(world.add_process(kServer.address)),
        client_process(world.add_process(kClient)) {
    listener = server_shard().network.listen(kServer).value();
    accept();
  }

  static inline const runtime::Endpoint kServer{sim::ip("10.0.0.1"), 7001};
  static inline const sim::Address kClient = sim::ip("10.0.0.2");

  [[nodiscard]] runtime::Shard& server_shard() const { return server_process.shard(0); }
  [[nodiscard]] runtime::Shard& client_shard() const { return client_process.shard(0); }

  // A client of ours dials; both ends are there, SETUP is not yet sent.
  void dial() {
    client_shard().network.async_connect(
        kServer, boost::asio::bind_executor(
                     client_shard().executor,
                     [this](runtime::error_code error, std::unique_ptr<runtime::Stream> stream) {
                       if (!error) dialled(std::move(stream));
                     }));
    ASSERT_TRUE(world.run_until([this] { return client && server; }));
  }

  // … and is open.
  void connect(const rsocket::SetupConfig& setup = {}) {
    dial();
    client->session().connect(setup);
    ASSERT_TRUE(world.run_until([this] { return server->saw("SetupReceived"); }));
  }

  // A stranger dials, and is past the WebSocket handshake if there is one.
  void dial_raw() {
    raw = std::make_unique<RawClient>(client_shard(), kServer, kind);
    ASSERT_TRUE(world.run_until([this] { return server != nullptr && raw->ready(); }));
  }
  void connect_raw(std::chrono::milliseconds lifetime = std::chrono::seconds(90)) {
    dial_raw();
    raw->send(rsocket::Frame{rsocket::kConnectionStream, sim::peer::setup_frame(lifetime)});
    ASSERT_TRUE(world.run_until([this] { return server->saw("SetupReceived"); }));
  }

  // Whether it came to that; the events of both ends otherwise.
  [[nodiscard]] testing::AssertionResult until(const std::function<bool()>& predicate,
                                               base::Duration limit = std::chrono::minutes(10)) {
    if (world.run_until(predicate, limit)) return testing::AssertionSuccess();
    auto failure = testing::AssertionFailure();
    for (const auto* end : {client.get(), server.get()}) {
      failure << (end == client.get() ? "client:\n" : "server:\n");
      if (end == nullptr) continue;
      for (const std::string& event : end->events) failure << "  " << event << "\n";
    }
    return failure;
  }

  TransportKind kind;
  sim::World world;
  sim::Process& server_process;
  sim::Process& client_process;
  rsocket::ConnectionConfig config;  // of both ends
  std::shared_ptr<Turns> turns = std::make_shared<Turns>(server_shard().executor);
  std::unique_ptr<runtime::Listener> listener;
  std::optional<AcceptedWebSocket> upgrade;  // the last one's headers
  std::optional<runtime::error_code> upgrade_error;
  std::unique_ptr<End> client;
  std::unique_ptr<End> server;
  std::unique_ptr<RawClient> raw;

 private:
  void accept() {
    listener->async_accept(
        server_shard().executor,
        boost::asio::bind_executor(
            server_shard().executor,
            [this](runtime::error_code error, std::unique_ptr<runtime::Stream> stream) {
              if (error) return;
              accepted(std::move(stream));
              accept();
            }));
  }

  void accepted(std::unique_ptr<runtime::Stream> stream) {
    const auto serve = [this](std::unique_ptr<FrameChannel> channel) {
      server = std::make_unique<End>(server_shard(), std::move(channel), rsocket::Role::kServer,
                                     config, turns);
    };
    if (kind == TransportKind::kTcp) return serve(make_tcp_channel(std::move(stream)));
    async_accept_websocket(
        server_shard(), std::move(stream),
        {.deadline = world.now() + kHandshakeTime, .hold = kHandshakeHold},
        boost::asio::bind_executor(server_shard().executor, [this, serve](runtime::error_code error,
                                                                          AcceptedWebSocket from) {
          upgrade_error = error;
          if (!error) serve(std::move(from.channel));
          upgrade = std::move(from);
        }));
  }

  void dialled(std::unique_ptr<runtime::Stream> stream) {
    const auto use = [this](std::unique_ptr<FrameChannel> channel) {
      client =
          std::make_unique<End>(client_shard(), std::move(channel), rsocket::Role::kClient, config);
    };
    if (kind == TransportKind::kTcp) return use(make_tcp_channel(std::move(stream)));
    async_dial_websocket(
        client_shard(), std::move(stream),
        {.host = "proxy:7001", .path = "/", .deadline = world.now() + kHandshakeTime},
        boost::asio::bind_executor(
            client_shard().executor,
            [use](runtime::error_code error, std::unique_ptr<FrameChannel> channel) {
              if (!error) use(std::move(channel));
            }));
  }
};

}  // namespace prometheus_rsocket::transport
