#include "prometheus_rsocket/client.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "end_push.h"
#include "environment.h"
#include "hosted_agent.h"
#include "leak.h"
#include "progress.h"
#include "prometheus_rsocket/runtime.h"
#include "runtime_core.h"
#include "settings.h"

namespace prometheus_rsocket {

using client::HostedAgent;
using client::Progress;
using std::chrono::milliseconds;

std::string_view to_string(Status status) {
  switch (status) {
    case Status::kConnecting:
      return "connecting";
    case Status::kConnected:
      return "connected";
    case Status::kReady:
      return "ready";
    case Status::kClosing:
      return "closing";
    case Status::kClosed:
      return "closed";
  }
  return "unknown";
}

std::string_view to_string(PushResult result) {
  switch (result) {
    case PushResult::kPushed:
      return "pushed";
    case PushResult::kNotConnected:
      return "not connected to a proxy";
    case PushResult::kNoKey:
      return "the proxy has not sent a key";
    case PushResult::kAlreadyClosed:
      return "already closed";
    case PushResult::kConnectionLost:
      return "the connection was lost";
    case PushResult::kTimedOut:
      return "timed out";
    case PushResult::kRejected:
      return "rejected by the proxy";
    case PushResult::kTooLarge:
      return "too large";
    case PushResult::kFailed:
      return "failed";
  }
  return "unknown";
}

namespace {

Progress::Deadline deadline_after(milliseconds time) {
  return std::chrono::steady_clock::now() + std::clamp(time, milliseconds(0), client::kLongestTime);
}

}  // namespace

// ---- The application's end of a client: posts to the Runtime's thread and waits for Progress.

class Client::Impl final : private client::EndPush::Pusher {
 public:
  // The agent holds `settings` and with them its Runtime, too: so it never outlives it.
  Impl(const client::Settings& settings, agent::Config config)
      : runtime_(settings.runtime),
        timeout_(settings.timeout),
        end_push_(settings.push_at_end ? client::EndPush::shared() : nullptr) {
    post([progress = progress_, &core = core(), settings,
          config = std::move(config)](Hosted& hosted) {
      hosted = std::make_unique<HostedAgent>(core.shard(), settings, progress, config);
      hosted->connect();
    });
    if (end_push_) end_push_->add(*this);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ~Impl() override {
    if (!core().here()) {
      // The agent and its sockets are the parent's; to destroy them here would disturb it.
      client::leak(std::move(hosted_));
      client::leak(std::move(end_push_));
      return;
    }
    if (end_push_) {
      end_push_->remove(*this);
      static_cast<void>(push(agent::PushKind::kAcknowledged, timeout_));
    }
    if (core().on_thread()) {
      post([](Hosted& hosted) { hosted.reset(); });
      return;
    }
    if (pushing_until_) static_cast<void>(progress_->wait_until_pushed(*pushing_until_));
    std::promise<void> destroyed;
    post([this, &destroyed](Hosted& to_close) {
      to_close->close();
      // Later, so that the goodbye goes out first.
      post([&destroyed](Hosted& hosted) {
        hosted.reset();
        destroyed.set_value();
      });
    });
    destroyed.get_future().wait();
  }

  [[nodiscard]] Status status() { return core().here() ? progress_->status() : Status::kClosed; }

  [[nodiscard]] bool wait_until_ready(milliseconds timeout) {
    if (!core().here()) return false;
    if (core().on_thread()) return progress_->status() == Status::kReady;
    return progress_->wait_until_settled(deadline_after(timeout)) == Status::kReady;
  }

  void close() {
    if (!core().here()) return;
    progress_->set_status(Status::kClosing);
    post([](Hosted& hosted) { hosted->close(); });
  }

  PushResult push(agent::PushKind kind, milliseconds timeout) {
    if (!core().here()) return PushResult::kAlreadyClosed;
    if (pushed_.exchange(true)) return PushResult::kAlreadyClosed;
    const auto deadline = deadline_after(timeout);
    post_push(kind, deadline);
    if (kind == agent::PushKind::kFireAndForget) {
      pushing_until_ = deadline;
      return PushResult::kPushed;
    }
    if (core().on_thread()) return PushResult::kTimedOut;
    return progress_->wait_until_pushed(deadline);
  }

  [[nodiscard]] milliseconds timeout() const { return timeout_; }

 private:
  using Hosted = std::unique_ptr<HostedAgent>;

  [[nodiscard]] Runtime::Core& core() const { return *runtime_->core(); }

  void start_push() override {
    if (!pushed_.exchange(true))
      post_push(agent::PushKind::kAcknowledged, deadline_after(timeout_));
  }
  void wait_for_push() override {
    static_cast<void>(progress_->wait_until_pushed(deadline_after(timeout_)));
  }

  void post_push(agent::PushKind kind, Progress::Deadline deadline) {
    progress_->set_status(Status::kClosing);
    post([kind, deadline](Hosted& hosted) { hosted->push_and_close(kind, deadline); });
  }

  template <class F>
  void post(F f) {
    core().post([hosted = hosted_, f = std::move(f)]() mutable { f(*hosted); });
  }

  const std::shared_ptr<Runtime> runtime_;
  const std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();
  std::shared_ptr<Hosted> hosted_ = std::make_shared<Hosted>();  // its content: the thread's alone
  const milliseconds timeout_;
  std::shared_ptr<client::EndPush> end_push_;  // null: nobody pushes at the end
  std::atomic<bool> pushed_ = false;
  std::optional<Progress::Deadline> pushing_until_;
};

Client::Client(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Client Client::from_environment(std::weak_ptr<prometheus::Collectable> registry,
                                std::function<void(LogLevel, std::string_view)> log) noexcept {
  Builder builder;
  builder.registry(std::move(registry)).push_at_end(true).log(log);
  std::string problem;
  if (builder.environment(&problem)) return builder.connect();
  client::Settings told;
  told.log = std::move(log);
  if (!problem.empty()) client::log(told, LogLevel::kError, problem);
  return Client(nullptr);
}

Client::Client(Client&& other) noexcept = default;
Client& Client::operator=(Client&& other) noexcept = default;
Client::~Client() = default;

Status Client::status() const noexcept { return impl_ ? impl_->status() : Status::kClosed; }

bool Client::wait_until_ready(milliseconds timeout) noexcept {
  return impl_ && impl_->wait_until_ready(timeout);
}

void Client::close() noexcept {
  if (impl_) impl_->close();
}

void Client::push_and_close() noexcept {
  if (impl_) static_cast<void>(impl_->push(agent::PushKind::kFireAndForget, impl_->timeout()));
}

PushResult Client::push_and_close_blockingly() noexcept {
  return push_and_close_blockingly(impl_ ? impl_->timeout() : milliseconds(0));
}

PushResult Client::push_and_close_blockingly(milliseconds timeout) noexcept {
  return impl_ ? impl_->push(agent::PushKind::kAcknowledged, timeout) : PushResult::kAlreadyClosed;
}

// ---- Builder

Client::Builder::Builder() : settings_(std::make_unique<Settings>()) {}
Client::Builder::~Builder() = default;
Client::Builder::Builder(const Builder& other)
    : settings_(std::make_unique<Settings>(*other.settings_)) {}
Client::Builder& Client::Builder::operator=(const Builder& other) {
  *settings_ = *other.settings_;
  return *this;
}

Client::Builder& Client::Builder::host(std::string host) {
  settings_->host = std::move(host);
  return *this;
}
Client::Builder& Client::Builder::port(std::uint16_t port) {
  settings_->port = port;
  return *this;
}
Client::Builder& Client::Builder::transport(Transport transport) {
  settings_->transport = transport;
  return *this;
}
Client::Builder& Client::Builder::websocket_path(std::string path) {
  settings_->websocket_path = std::move(path);
  return *this;
}
Client::Builder& Client::Builder::tls(Tls tls) {
  settings_->tls = std::move(tls);
  return *this;
}
Client::Builder& Client::Builder::token(std::string token) {
  settings_->token = std::move(token);
  return *this;
}
Client::Builder& Client::Builder::retry(Retry retry) {
  settings_->retry = retry;
  return *this;
}
Client::Builder& Client::Builder::timeout(milliseconds t) {
  settings_->timeout = t;
  return *this;
}
Client::Builder& Client::Builder::connect_timeout(milliseconds t) {
  settings_->connect_timeout = t;
  return *this;
}
Client::Builder& Client::Builder::registry(std::weak_ptr<prometheus::Collectable> registry) {
  settings_->sources.emplace_back(std::move(registry));
  return *this;
}
Client::Builder& Client::Builder::metrics(std::function<std::string()> metrics) {
  if (metrics) settings_->sources.emplace_back(std::move(metrics));
  return *this;
}
Client::Builder& Client::Builder::job(std::string job) {
  settings_->identity.job = std::move(job);
  return *this;
}
Client::Builder& Client::Builder::instance(std::string instance) {
  settings_->identity.instance = std::move(instance);
  return *this;
}
Client::Builder& Client::Builder::label(std::string name, std::string value) {
  settings_->identity.labels.insert_or_assign(std::move(name), std::move(value));
  return *this;
}
Client::Builder& Client::Builder::on_key_received(std::function<void()> callback) {
  settings_->on_key_received = std::move(callback);
  return *this;
}
Client::Builder& Client::Builder::on_status(std::function<void(Status)> callback) {
  settings_->on_status = std::move(callback);
  return *this;
}
Client::Builder& Client::Builder::log(std::function<void(LogLevel, std::string_view)> callback) {
  settings_->log = std::move(callback);
  return *this;
}
bool Client::Builder::environment(std::string* problem) {
  const auto lookup = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): only read here
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  std::string found;
  const bool connects = client::read_environment(lookup, *settings_, found);
  if (problem != nullptr) *problem = std::move(found);
  return connects;
}
Client::Builder& Client::Builder::push_at_end(bool push) {
  settings_->push_at_end = push;
  return *this;
}
Client::Builder& Client::Builder::runtime(std::shared_ptr<Runtime> runtime) {
  settings_->runtime = std::move(runtime);
  return *this;
}

Client Client::Builder::connect() const noexcept {
  try {
    Settings settings = *settings_;
    auto config = client::make_config(settings);
    if (!config) {
      client::log(settings, LogLevel::kError, config.error());
      return Client(nullptr);
    }
    if (!settings.runtime) settings.runtime = Runtime::shared();
    return Client(std::make_unique<Impl>(settings, std::move(*config)));
  } catch (const std::exception& error) {
    client::log(*settings_, LogLevel::kError, error.what());
    return Client(nullptr);
  }
}

Client Client::Builder::connect_blockingly() const noexcept {
  return connect_blockingly(settings_->timeout);
}

Client Client::Builder::connect_blockingly(milliseconds timeout) const noexcept {
  Client client = connect();
  client.wait_until_ready(timeout);
  return client;
}

}  // namespace prometheus_rsocket
