#include "agent/agent.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "base/probe.h"
#include "envelope/envelope.h"

namespace prometheus_rsocket::agent {
namespace {

using base::Mutant;
using runtime::error_code;

// The envelope's randomness, from the shard's.
class SealRandom final : public envelope::RandomSource {
 public:
  explicit SealRandom(runtime::Random& random) : random_(random) {}
  void fill(std::span<std::byte> bytes) override { random_.fill(bytes); }

 private:
  runtime::Random& random_;
};

}  // namespace

Agent::Agent(runtime::Shard& shard, Config config, MetricsSource& source, Observer& observer)
    : shard_(shard),
      config_(std::move(config)),
      source_(source),
      observer_(observer),
      policy_(config_.retry) {
  CHECK(!config_.targets.empty(), "an agent has a proxy to dial");
}

Agent::~Agent() {
  if (!session_) return;
  session_->detach();
  session_->abort();
}

void Agent::connect() {
  CHECK(state_ == State::kIdle, "an agent connects once");
  dial();
}

// ---- Dialling, and dialling again.

void Agent::dial() {
  state_ = State::kDialling;
  const std::size_t target = next_target_;
  next_target_ = (next_target_ + 1) % config_.targets.size();
  dialer_ = std::make_unique<Dialer>(shard_, config_.targets[target], config_.connect_timeout,
                                     [this](DialResult result) { on_dialled(std::move(result)); });
  observer_.on_event(Dialling{target});
}

void Agent::on_dialled(DialResult result) {
  dialer_.reset();
  if (!result.channel) {
    state_ = State::kWaiting;
    observer_.on_event(DialFailed{result.stage, result.error});
    if (state_ == State::kWaiting) retry();
    return;
  }
  const base::Instant now = shard_.clock.now();
  policy_.handle_connected(now);
  transport::SessionHandler& handler = *this;
  session_ = std::make_shared<transport::Session>(
      shard_, std::move(result.channel),
      rsocket::Connection(rsocket::Role::kClient, config_.connection, now), handler);
  session_->start();
  session_->connect(config_.setup);
  state_ = State::kOpen;
  observer_.on_event(Connected{session_->remote_endpoint()});
}

void Agent::retry() {
  const auto delay = policy_.handle_ended(shard_.clock.now(), shard_.random);
  if (!delay) {
    end(EndReason::kRetriesExhausted);
    return;
  }
  wait_then(*delay, &Agent::dial);
  observer_.on_event(Retrying{*delay, policy_.failures()});
}

void Agent::wait_then(base::Duration delay, void (Agent::*then)()) {
  timer_ = shard_.timers.make_timer();  // the one before it, and its handler, are gone
  timer_->async_wait_until(
      shard_.clock.now() + delay,
      boost::asio::bind_executor(shard_.executor, [this, then](error_code) { (this->*then)(); }));
}

void Agent::end(EndReason reason) {
  state_ = State::kEnded;
  timer_.reset();
  dialer_.reset();
  observer_.on_event(Ended{reason});
}

void Agent::close() {
  switch (state_) {
    case State::kIdle:
    case State::kDialling:
    case State::kWaiting:
      end(EndReason::kClosed);
      return;
    case State::kOpen:
      state_ = State::kLeaving;
      session_->close(rsocket::ErrorCode::kConnectionError, "closed by the application");
      return;
    case State::kPushing:
    case State::kLeaving:
    case State::kEnded:
      return;
  }
}

// ---- What the connection says.

void Agent::on_event(const rsocket::Event& event) {
  std::visit([this](const auto& what) { handle(what); }, event);
}

void Agent::handle(const rsocket::SetupReceived& /*event*/) {}
void Agent::handle(const rsocket::RequestCancelled& /*event*/) {}

void Agent::handle(const rsocket::RequestAborted& /*event*/) {}
void Agent::handle(const rsocket::PeerError& /*error*/) {}

void Agent::handle(const rsocket::FireAndForget& event) {
  if (state_ == State::kOpen) static_cast<void>(take_key(event.payload.data));
}

void Agent::handle(const rsocket::Request& request) {
  using rsocket::ErrorCode;
  if (state_ != State::kOpen) {
    (void)session_->respond_error(request.stream, ErrorCode::kRejected, "the client is leaving");
    return;
  }
  if (const error_code error = take_key(request.payload.data)) {
    (void)session_->respond_error(request.stream, ErrorCode::kApplicationError, error.message());
    return;
  }
  // The session may end, and the agent with it, before the text is there; a later connection
  // numbers its streams anew.
  source_.collect([this, alive = std::weak_ptr(alive_), asked = std::weak_ptr(session_),
                   stream = request.stream, key = key_](error_code error, const std::string& text) {
    if (alive.expired()) return;
    const auto session = asked.lock();
    if (!session || session != session_) return base::reached(base::Probe::kReplyForNobody);
    reply(*session, stream, key, error, text);
  });
}

// Remembers the key for pushes. `plaintext` asks for clear text and, as in the Java client, leaves
// no key behind.
error_code Agent::take_key(base::ByteView der) {
  if (base::as_text(der) == envelope::kPlaintext) {
    key_ = nullptr;
    return {};
  }
  // Proxies send the same key with every scrape.
  if (!key_ || !std::ranges::equal(key_->der(), der)) {
    auto key = shard_.keys.read_public_key(der);
    if (!key) {
      observer_.on_event(KeyRejected{key.error()});
      return key.error();
    }
    key_ = std::move(*key);
  }
  observer_.on_event(KeyReceived{});
  return {};
}

void Agent::reply(transport::Session& session, rsocket::StreamId stream, const Key& key,
                  error_code error, const std::string& text) {
  using rsocket::ErrorCode;
  ErrorCode code = ErrorCode::kApplicationError;
  if (!error && !key) {
    error = session.respond(stream, {base::as_bytes(envelope::kPlaintext), base::as_bytes(text)})
                .error();
  } else if (!error) {
    SealRandom random(shard_.random);
    if (const auto sealed = envelope::seal(text, *key, random)) {
      error = session.respond(stream, {sealed->metadata, sealed->data}).error();
    } else {
      error = sealed.error();
    }
  }
  if (!error) {
    observer_.on_event(Scraped{text.size()});
    return;
  }
  if (error == rsocket::CommandError::kUnknownStream || error == rsocket::CommandError::kNotOpen) {
    return;  // nobody waits for it any more
  }
  if (error == rsocket::CommandError::kPayloadTooLong) code = ErrorCode::kCanceled;
  (void)session.respond_error(stream, code, error.message());
  observer_.on_event(ScrapeFailed{error});
}

void Agent::handle(const rsocket::Closed& closed) {
  const bool flushed = session_->flushed() || base::is_mutant(Mutant::kCloseWithoutFlush);
  session_.reset();
  // A key is for the connection it came on.
  if (!base::is_mutant(Mutant::kOldKey)) key_ = nullptr;
  if (state_ == State::kOpen) {
    state_ = State::kWaiting;
    observer_.on_event(Disconnected{closed.reason});
    if (state_ == State::kWaiting) retry();
    return;
  }
  if (state_ == State::kPushing) {
    const bool done = push_->kind == PushKind::kFireAndForget && flushed;
    finish_push(done ? error_code() : make_error_code(AgentError::kConnectionLost));
  }
  end(end_reason_);
}

// ---- Pushing.

void Agent::push_and_close(PushKind kind, std::string_view text, base::Duration time_max,
                           std::function<void(error_code)> done) {
  if (state_ != State::kOpen) {
    const bool gone = state_ == State::kPushing || state_ == State::kLeaving || ended();
    refuse_push(gone ? AgentError::kAlreadyClosing : AgentError::kNotConnected, std::move(done));
    return;
  }
  if (!key_) return refuse_push(AgentError::kNoKey, std::move(done));
  SealRandom random(shard_.random);
  const auto sealed = envelope::seal(text, *key_, random);
  if (!sealed) return refuse_push(sealed.error(), std::move(done));
  const rsocket::PayloadView payload{sealed->metadata, sealed->data};
  const auto stream = kind == PushKind::kAcknowledged ? session_->request_response(payload)
                                                      : session_->fire_and_forget(payload);
  if (!stream) return refuse_push(stream.error(), std::move(done));
  state_ = State::kPushing;
  end_reason_ = EndReason::kPushFailed;  // until it is known
  push_ = Push{kind, *stream, std::move(done)};
  if (kind == PushKind::kFireAndForget) {
    base::is_mutant(Mutant::kCloseWithoutFlush) ? session_->abort() : session_->finish();
  }
  wait_then(time_max, &Agent::on_push_timeout);
}

void Agent::refuse_push(error_code error, std::function<void(error_code)> done) {
  boost::asio::post(shard_.executor, [error, done = std::move(done)] { done(error); });
  close();
}

void Agent::finish_push(error_code error) {
  timer_.reset();
  state_ = State::kLeaving;
  end_reason_ = error ? EndReason::kPushFailed : EndReason::kPushed;
  auto done = std::move(push_->done);
  push_.reset();
  boost::asio::post(shard_.executor, [error, done = std::move(done)] { done(error); });
}

void Agent::on_push_timeout() {
  base::reached(base::Probe::kPushTimedOut);
  finish_push(AgentError::kTimedOut);
  session_->abort();  // Closed comes
}

void Agent::handle(const rsocket::Response& response) {
  if (!push_ || push_->stream != response.stream) return;
  finish_push({});
  session_->finish();
}

void Agent::handle(const rsocket::ResponseError& error) {
  if (!push_ || push_->stream != error.stream) return;
  finish_push(AgentError::kRejected);
  session_->finish();
}

// A reply so large is no acknowledgement that we know of.
void Agent::handle(const rsocket::ResponseAborted& aborted) {
  if (!push_ || push_->stream != aborted.stream) return;
  finish_push(AgentError::kRejected);
  session_->finish();
}

}  // namespace prometheus_rsocket::agent
