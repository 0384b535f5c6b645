#include "hosted_agent.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <exception>
#include <sstream>
#include <utility>
#include <variant>

#include "rsocket/connection.h"

namespace prometheus_rsocket::client {
namespace {

using runtime::error_code;

PushResult to_result(error_code error) {
  using agent::AgentError;
  if (!error) return PushResult::kPushed;
  if (error == AgentError::kNotConnected) return PushResult::kNotConnected;
  if (error == AgentError::kNoKey) return PushResult::kNoKey;
  if (error == AgentError::kAlreadyClosing) return PushResult::kAlreadyClosed;
  if (error == AgentError::kConnectionLost) return PushResult::kConnectionLost;
  if (error == AgentError::kTimedOut) return PushResult::kTimedOut;
  if (error == AgentError::kRejected) return PushResult::kRejected;
  if (error == rsocket::CommandError::kPayloadTooLong) return PushResult::kTooLarge;
  return PushResult::kFailed;
}

LogLevel level_of(const agent::Event& event) {
  const auto* ended = std::get_if<agent::Disconnected>(&event);
  if (ended != nullptr && ended->reason == rsocket::CloseReason::kCommand) return LogLevel::kInfo;
  if (std::holds_alternative<agent::DialFailed>(event) ||
      std::holds_alternative<agent::Disconnected>(event) ||
      std::holds_alternative<agent::KeyRejected>(event) ||
      std::holds_alternative<agent::ScrapeFailed>(event)) {
    return LogLevel::kWarn;
  }
  const bool frequent = std::holds_alternative<agent::KeyReceived>(event) ||
                        std::holds_alternative<agent::Scraped>(event);
  return frequent ? LogLevel::kDebug : LogLevel::kInfo;
}

template <class T>
std::string printed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

}  // namespace

HostedAgent::HostedAgent(runtime::Shard& shard, const Settings& settings,
                         std::shared_ptr<Progress> progress, const agent::Config& config)
    : settings_(settings),
      progress_(std::move(progress)),
      name_(agent::to_string(config.targets.front())),
      agent_(shard, config, *this, *this) {}

void HostedAgent::close() {
  tell_closing();
  agent_.close();
}

void HostedAgent::push_and_close(agent::PushKind kind, Progress::Deadline deadline) {
  tell_closing();
  const auto last = text();
  if (!last) {
    progress_->set_pushed(PushResult::kFailed);
    agent_.close();
    return;
  }
  const auto left = deadline - std::chrono::steady_clock::now();
  agent_.push_and_close(
      kind, *last, std::max<base::Duration>(left, base::Duration::zero()),
      [progress = progress_](error_code error) { progress->set_pushed(to_result(error)); });
}

void HostedAgent::collect(Done done) {
  auto now = text();
  if (now) {
    done({}, std::move(*now));
  } else {
    done(boost::asio::error::fault, {});
  }
}

std::optional<std::string> HostedAgent::text() noexcept {
  try {
    return collect_text(settings_.sources, metrics_);
  } catch (const std::exception& error) {
    log(settings_, LogLevel::kError, error.what());
  } catch (...) {
    log(settings_, LogLevel::kError, "collecting the metrics failed");
  }
  return std::nullopt;
}

void HostedAgent::on_event(const agent::Event& event) {
  if (settings_.log) log(settings_, level_of(event), name_ + ": " + printed(event));
  std::visit([this](const auto& what) { handle(what); }, event);
}

void HostedAgent::handle(const agent::DialFailed& event) {
  last_exception_ =
      event.error == boost::asio::error::timed_out ? "timeout" : printed(event.stage) + "_failed";
  metrics_.count_error(last_exception_);
}

void HostedAgent::handle(const agent::Connected& /*event*/) { tell_connection(); }

// The application's callback before its waiting threads: who waits for the key finds the callback
// done.
void HostedAgent::handle(const agent::KeyReceived& /*event*/) {
  call(settings_.on_key_received);
  tell_connection();
}

void HostedAgent::handle(const agent::Disconnected& event) {
  last_exception_ = printed(event.reason);
  tell_connection();
}

void HostedAgent::handle(const agent::AskedToLeave& /*event*/) {
  last_exception_ = "asked_to_leave";
}

void HostedAgent::handle(const agent::Retrying& event) {
  if (event.failures > 0) metrics_.count_retry(last_exception_, event.failures);
}

void HostedAgent::handle(const agent::Ended& /*event*/) { tell(Status::kClosed); }

// Of all connections: while the agent goes from one proxy to another, the old one serves.
void HostedAgent::tell_connection() {
  if (closing()) return;
  Status now = Status::kConnecting;
  if (agent_.connected()) now = agent_.has_key() ? Status::kReady : Status::kConnected;
  if (now != status_) tell(now);
}

void HostedAgent::tell_closing() {
  if (!closing()) tell(Status::kClosing);
}

void HostedAgent::tell(Status status) {
  status_ = status;
  call(settings_.on_status, status);
  progress_->set_status(status);
}

template <class Callback, class... Args>
void HostedAgent::call(const Callback& callback, Args... args) noexcept {
  if (!callback) return;
  try {
    callback(args...);
  } catch (const std::exception& error) {
    log(settings_, LogLevel::kError, error.what());
  } catch (...) {
    log(settings_, LogLevel::kError, "a callback failed");
  }
}

}  // namespace prometheus_rsocket::client
