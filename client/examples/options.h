// What the examples share: where the proxy is, what the client says, and waiting for the end.
#pragma once

#include <prometheus_rsocket/client.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <map>
#include <string>

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 7001;
  prometheus_rsocket::Transport transport = prometheus_rsocket::Transport::kTcp;

  void add_to(CLI::App& app) {
    using prometheus_rsocket::Transport;
    const std::map<std::string, Transport> transports = {{"tcp", Transport::kTcp},
                                                         {"websocket", Transport::kWebSocket}};
    app.add_option("--host", host, "The proxy's host")->capture_default_str();
    app.add_option("--port", port, "Its port for RSocket: 7001, over WebSocket 8081")
        ->capture_default_str();
    app.add_option("--transport", transport, "tcp or websocket")
        ->transform(CLI::CheckedTransformer(transports));
  }

  [[nodiscard]] prometheus_rsocket::Client::Builder builder() const {
    prometheus_rsocket::Client::Builder builder;
    return builder.host(host).port(port).transport(transport).log(
        [](prometheus_rsocket::LogLevel level, std::string_view line) {
          if (level != prometheus_rsocket::LogLevel::kDebug) std::cerr << line << '\n';
        });
  }
};

// SIGINT and SIGTERM, kept for wait(). Made before any thread, so that none takes them.
class EndSignals {
 public:
  EndSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGINT);
    sigaddset(&set_, SIGTERM);
    sigprocmask(SIG_BLOCK, &set_, nullptr);
  }

  // True when one of them came, at most after `milliseconds`.
  [[nodiscard]] bool wait(long milliseconds) const {
    const timespec time{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
    return sigtimedwait(&set_, nullptr, &time) > 0;
  }

 private:
  sigset_t set_{};
};

// Pushes the last values and says how it went.
inline int push_and_end(prometheus_rsocket::Client& client) {
  using prometheus_rsocket::PushResult;
  const PushResult result = client.push_and_close_blockingly();
  if (result != PushResult::kPushed) std::cerr << "the last push: " << to_string(result) << '\n';
  return 0;
}
