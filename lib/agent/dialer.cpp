#include "agent/dialer.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <ostream>
#include <utility>
#include <vector>

#include "base/probe.h"
#include "transport/websocket_frame_channel.h"
namespace prometheus_rsocket::agent {

using runtime::error_code;
using transport::TransportKind;

namespace {

// As a Host header names it.
std::string host_and_port(const Target& target) {
  const bool v6 = target.host.find(':') != std::string::npos;
  return (v6 ? "[" + target.host + "]" : target.host) + ":" + std::to_string(target.port);
}

}  // namespace

std::string to_string(const Target& target) {
  const bool websocket = target.transport == TransportKind::kWebSocket;
  const std::string scheme =
      websocket ? (target.secure ? "wss" : "ws") : (target.secure ? "tls" : "tcp");
  return scheme + "://" + host_and_port(target) + (websocket ? target.path : "");
}

std::ostream& operator<<(std::ostream& out, DialStage stage) {
  switch (stage) {
    case DialStage::kResolve:
      return out << "resolve";
    case DialStage::kConnect:
      return out << "connect";
    case DialStage::kTls:
      return out << "tls";
    case DialStage::kHandshake:
      return out << "handshake";
  }
  return out << "unknown";
}

class Dialer::Attempts : public std::enable_shared_from_this<Attempts> {
  // A handler for an operation of the present attempt: what completes after its end is dropped.
  template <class F>
  auto in_attempt(F f) {
    return boost::asio::bind_cancellation_slot(
        cancel_.slot(),
        boost::asio::bind_executor(
            shard_.executor, [self = shared_from_this(), attempt = attempt_, f](auto&&... results) {
              if (attempt != self->attempt_) return;
              self->cancel_.slot().clear();
              f(std::forward<decltype(results)>(results)...);
            }));
  }

 public:
  Attempts(runtime::Shard& shard, Target target, Credentials credentials, base::Duration time_max,
           std::function<void(DialResult)> done)
      : shard_(shard),
        target_(std::move(target)),
        credentials_(std::move(credentials)),
        deadline_(shard.clock.now() + time_max),
        done_(std::move(done)) {}

  void resolve() {
    limit_until(deadline_);
    shard_.resolver.async_resolve(
        target_.host,
        in_attempt([this](error_code error, std::vector<boost::asio::ip::address> addresses) {
          if (error) return fail(error);
          addresses_ = std::move(addresses);
          connect();
        }));
  }

  // Nothing will be reported from now on.
  void withdraw() {
    done_ = nullptr;
    end_attempt();
  }

 private:
  void limit_until(base::Instant deadline) {
    attempt_deadline_ = deadline;
    timer_ = shard_.timers.make_timer();
    timer_->async_wait_until(
        deadline,
        boost::asio::bind_executor(
            shard_.executor, [self = shared_from_this(), attempt = attempt_](error_code /*error*/) {
              if (attempt == self->attempt_) self->fail(boost::asio::error::timed_out);
            }));
  }

  void end_attempt() {
    ++attempt_;
    timer_.reset();
    cancel_.emit(boost::asio::cancellation_type::terminal);
    cancel_.slot().clear();
  }

  void connect() {
    end_attempt();
    stage_ = DialStage::kConnect;
    const auto now = shard_.clock.now();
    const auto left = static_cast<std::ptrdiff_t>(addresses_.size() - next_);
    limit_until(now + (deadline_ - now) / left);
    const runtime::Endpoint endpoint{addresses_[next_], target_.port};
    ++next_;
    shard_.network.async_connect(
        endpoint, in_attempt([this](error_code error, std::unique_ptr<runtime::Stream> stream) {
          if (error) return fail(error);
          if (!target_.secure) return shake_hands(std::move(stream));
          encrypt(std::move(stream));
        }));
  }

  void encrypt(std::unique_ptr<runtime::Stream> stream) {
    stage_ = DialStage::kTls;
    if (!credentials_.tls) return fail(boost::asio::error::operation_not_supported);
    credentials_.tls->async_handshake(
        std::move(stream), target_.host,
        in_attempt([this](error_code error, std::unique_ptr<runtime::Stream> encrypted,
                          const runtime::TlsPeer& /*peer*/) {
          if (error) return fail(error);
          shake_hands(std::move(encrypted));
        }));
  }

  void shake_hands(std::unique_ptr<runtime::Stream> stream) {
    if (target_.transport == TransportKind::kTcp) {
      return finish({transport::make_tcp_channel(std::move(stream)), stage_, {}});
    }
    stage_ = DialStage::kHandshake;
    transport::async_dial_websocket(
        shard_, std::move(stream),
        {.host = host_and_port(target_),
         .path = target_.path,
         .deadline = attempt_deadline_,
         .authorization = authorization()},
        in_attempt([this](error_code error, std::unique_ptr<transport::FrameChannel> channel) {
          if (error) return fail(error);
          finish({std::move(channel), stage_, {}});
        }));
  }

  [[nodiscard]] std::string authorization() const {
    const bool told = target_.secure && !credentials_.token.empty();
    return told ? "Bearer " + credentials_.token : "";
  }

  void fail(error_code error) {
    if (stage_ != DialStage::kResolve && next_ < addresses_.size() &&
        shard_.clock.now() < deadline_) {
      base::reached(base::Probe::kNextAddress);
      return connect();
    }
    finish({nullptr, stage_, error});
  }

  void finish(DialResult result) {
    end_attempt();
    const auto done = std::exchange(done_, nullptr);
    if (done) done(std::move(result));
  }

  runtime::Shard& shard_;
  Target target_;
  Credentials credentials_;
  base::Instant deadline_;
  std::function<void(DialResult)> done_;  // null: withdrawn, or called
  std::vector<boost::asio::ip::address> addresses_;
  std::size_t next_ = 0;
  DialStage stage_ = DialStage::kResolve;
  std::uint64_t attempt_ = 0;
  base::Instant attempt_deadline_;
  std::unique_ptr<runtime::Timer> timer_;
  boost::asio::cancellation_signal cancel_;
};

Dialer::Dialer(runtime::Shard& shard, Target target, Credentials credentials,
               base::Duration time_max, std::function<void(DialResult)> done)
    : attempts_(std::make_shared<Attempts>(shard, std::move(target), std::move(credentials),
                                           time_max, std::move(done))) {
  attempts_->resolve();
}

Dialer::~Dialer() { attempts_->withdraw(); }

}  // namespace prometheus_rsocket::agent
