// One client's agent on the Runtime's thread: collects for it, and tells the application what
// happens. Made, used and destroyed on that thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "agent/agent.h"
#include "connection_metrics.h"
#include "progress.h"
#include "runtime/runtime.h"
#include "settings.h"

namespace prometheus_rsocket::client {

class HostedAgent final : private agent::MetricsSource, private agent::Observer {
 public:
  HostedAgent(runtime::Shard& shard, const Settings& settings, std::shared_ptr<Progress> progress,
              const agent::Config& config);

  void connect() { agent_.connect(); }
  void close();
  // Progress::set_pushed follows.
  void push_and_close(agent::PushKind kind, Progress::Deadline deadline);

 private:
  void collect(Done done) override;
  void on_event(const agent::Event& event) override;
  void handle(const agent::Dialling&) {}
  void handle(const agent::DialFailed& event);
  void handle(const agent::Connected& event);
  void handle(const agent::KeyReceived& event);
  void handle(const agent::KeyRejected&) {}
  void handle(const agent::Scraped&) {}
  void handle(const agent::ScrapeFailed&) {}
  void handle(const agent::Disconnected& event);
  void handle(const agent::AskedToLeave& event);
  void handle(const agent::GoneElsewhere&) {}
  void handle(const agent::Retrying& event);
  void handle(const agent::Ended& event);

  [[nodiscard]] std::optional<std::string> text() noexcept;
  [[nodiscard]] bool closing() const {
    return status_ == Status::kClosing || status_ == Status::kClosed;
  }
  void tell(Status status);
  void tell_connection();
  void tell_closing();
  template <class Callback, class... Args>
  void call(const Callback& callback, Args... args) noexcept;

  const Settings settings_;
  const std::shared_ptr<Progress> progress_;
  const std::string name_;  // of the proxy, in log lines
  ConnectionMetrics metrics_;
  std::string last_exception_;  // why the connection ended or did not come about
  Status status_ = Status::kConnecting;
  agent::Agent agent_;
};

}  // namespace prometheus_rsocket::client
