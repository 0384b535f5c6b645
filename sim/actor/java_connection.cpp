#include "sim/actor/java_connection.h"

#include <boost/asio/bind_executor.hpp>
#include <utility>
#include <variant>

#include "base/check.h"
#include "sim/peer/rsocket_bytes.h"

namespace prometheus_rsocket::sim::actor {
namespace {

using history::ClientKind;
using rsocket::kConnectionStream;
using runtime::error_code;

constexpr base::Duration kKeepaliveInterval = std::chrono::seconds(20);
constexpr base::Duration kLifetime = std::chrono::seconds(90);
// For a close frame to be written; that a channel also waits for the answer to it is our own habit.
constexpr base::Duration kGoodbyeTime = std::chrono::seconds(1);

}  // namespace

JavaConnection::JavaConnection(runtime::Shard& shard,
                               std::unique_ptr<transport::FrameChannel> channel, ClientKind kind,
                               Owner& owner)
    : shard_(shard), channel_(std::move(channel)), kind_(kind), owner_(&owner) {
  CHECK(kind != ClientKind::kOurs, "a version of rsocket-java");
}

void JavaConnection::start() {
  last_heard_ = shard_.clock.now();
  keepalive_ = std::make_unique<runtime::Alarm>(shard_, [this] { tick(); });
  keepalive_->set(last_heard_ + kKeepaliveInterval);
  send({kConnectionStream, peer::setup_frame()});
  fill();
}

void JavaConnection::send(const rsocket::Frame& frame) {
  if (mute_ || ended_ || disposing_) return;
  queue_.push_back(rsocket::encode(frame));
  write();
}

void JavaConnection::dispose() {
  if (ended_ || disposing_) return;
  if (kind_ != ClientKind::kJava113) {
    send(
        {kConnectionStream, rsocket::ErrorFrame{rsocket::ErrorCode::kConnectionError, "Disposed"}});
  }
  disposing_ = true;
  keepalive_->clear();
  write();
}

void JavaConnection::detach() {
  owner_ = nullptr;
  end(false);
}

void JavaConnection::fill() {
  channel_->async_fill(boost::asio::bind_executor(
      shard_.executor, [self = shared_from_this()](error_code error) { self->on_filled(error); }));
}

void JavaConnection::on_filled(error_code error) {
  if (ended_) return;
  if (error) return end(false);
  take_frames();
  if (!ended_) fill();
}

void JavaConnection::take_frames() {
  while (!ended_) {
    const auto bytes = channel_->next_frame();
    if (bytes.has_value() && !*bytes) return;
    const auto frame = bytes.has_value() ? rsocket::decode(**bytes)
                                         : boost::system::result<rsocket::Frame>(bytes.error());
    if (!frame) return end(false);
    if (!mute_ && !disposing_) receive(*frame);
  }
}

void JavaConnection::receive(const rsocket::Frame& frame) {
  const rsocket::FrameBody& body = frame.body;
  if (const auto* keepalive = std::get_if<rsocket::KeepaliveFrame>(&body)) {
    last_heard_ = shard_.clock.now();
    if (keepalive->respond) {
      send({kConnectionStream, rsocket::KeepaliveFrame{false, 0, keepalive->data}});
    }
  } else if (const auto* request = std::get_if<rsocket::RequestResponseFrame>(&body)) {
    owner_->on_request(frame.stream, request->payload.data);
  } else if (const auto* fnf = std::get_if<rsocket::RequestFnfFrame>(&body)) {
    owner_->on_fire_and_forget(fnf->payload.data);
  } else if (std::holds_alternative<rsocket::CancelFrame>(body)) {
    owner_->on_cancel(frame.stream);
  } else if (std::holds_alternative<rsocket::PayloadFrame>(body)) {
    owner_->on_answer(frame.stream, true);
  } else if (std::holds_alternative<rsocket::ErrorFrame>(body)) {
    if (frame.stream != kConnectionStream) return owner_->on_answer(frame.stream, false);
    if (kind_ != ClientKind::kJava113) return fall_mute();
    dispose();
  }
}

void JavaConnection::tick() {
  const base::Instant now = shard_.clock.now();
  if (now - last_heard_ <= kLifetime) {
    send({kConnectionStream, rsocket::KeepaliveFrame{true, 0, {}}});
    keepalive_->set(now + kKeepaliveInterval);
  } else if (kind_ == ClientKind::kJava114) {
    fall_mute();
  } else {
    dispose();
  }
}

void JavaConnection::fall_mute() {
  mute_ = true;
  keepalive_->clear();
}

void JavaConnection::write() {
  if (writing_ || ended_) return;
  if (queue_.empty()) {
    if (disposing_ && !std::exchange(shutting_down_, true)) shut_down();
    return;
  }
  writing_ = true;
  channel_->async_write(
      std::exchange(queue_, {}),
      boost::asio::bind_executor(shard_.executor, [self = shared_from_this()](error_code error) {
        self->writing_ = false;
        if (self->ended_) return;
        if (error) return self->end(false);
        self->write();
      }));
}

void JavaConnection::shut_down() {
  unanswered_ = std::make_unique<runtime::Alarm>(shard_, [this] { end(true); });
  unanswered_->set(shard_.clock.now() + kGoodbyeTime);
  channel_->async_shutdown(
      boost::asio::bind_executor(shard_.executor, [self = shared_from_this()](error_code error) {
        if (!self->ended_) self->end(!error);
      }));
}

void JavaConnection::end(bool flushed) {
  if (std::exchange(ended_, true)) return;
  if (keepalive_) keepalive_->clear();
  if (unanswered_) unanswered_->clear();
  channel_->close();
  if (owner_ != nullptr) std::exchange(owner_, nullptr)->on_ended(flushed);
}

}  // namespace prometheus_rsocket::sim::actor
