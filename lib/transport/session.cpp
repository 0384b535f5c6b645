#include "transport/session.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/probe.h"
#include "rsocket/limits.h"
#include "transport/limits.h"

namespace prometheus_rsocket::transport {

using runtime::error_code;

namespace {

// Whether the owner may have to open what it carries, or ends, without having asked for it. Replies
// wait for nobody: each was asked for, and those of a scrape would all be held until their turn.
bool is_unasked(const rsocket::FrameHeader& header, rsocket::Role role) {
  const bool is_of_peer = header.stream.value % 2 == (role == rsocket::Role::kServer ? 1U : 0U);
  if (!is_of_peer) return false;
  switch (static_cast<rsocket::FrameType>(header.type)) {
    case rsocket::FrameType::kRequestResponse:
    case rsocket::FrameType::kRequestFnf:
    case rsocket::FrameType::kPayload:
      return true;
    default:
      return false;
  }
}

}  // namespace

Session::Session(runtime::Shard& shard, std::unique_ptr<FrameChannel> channel,
                 rsocket::Connection connection, SessionHandler& handler,
                 std::shared_ptr<ByteBudget> budget, std::shared_ptr<Turns> turns)
    : shard_(shard),
      channel_(std::move(channel)),
      connection_(std::move(connection)),
      gate_(std::move(budget)),
      turns_(std::move(turns)),
      handler_(&handler),
      remote_(channel_->remote_endpoint()),
      alarm_(shard, [this] {
        const auto self = shared_from_this();  // an event may drop the last but it
        drive();
      }) {}

void Session::start() { schedule(); }

void Session::connect(const rsocket::SetupConfig& setup) {
  connection_.connect(shard_.clock.now(), setup);
  schedule();
}

boost::system::result<rsocket::StreamId> Session::request_response(
    const rsocket::PayloadView& payload) {
  schedule();
  return connection_.request_response(payload);
}

boost::system::result<rsocket::StreamId> Session::fire_and_forget(
    const rsocket::PayloadView& payload) {
  schedule();
  return connection_.fire_and_forget(payload);
}

boost::system::result<void> Session::respond(rsocket::StreamId stream,
                                             const rsocket::PayloadView& payload) {
  schedule();
  return connection_.respond(stream, payload);
}

boost::system::result<void> Session::respond_error(rsocket::StreamId stream,
                                                   rsocket::ErrorCode code, std::string_view text) {
  schedule();
  return connection_.respond_error(stream, code, text);
}

void Session::cancel(rsocket::StreamId stream) {
  schedule();
  connection_.cancel(stream);
}

void Session::mute() {
  muted_ = true;
  frame_.reset();
  channel_->discard_input();
  gate_.end_frame();
  schedule();
}

void Session::close(rsocket::ErrorCode code, std::string_view text) {
  schedule();
  connection_.close(code, text);
}

void Session::finish() {
  schedule();
  finish_ = true;
}

void Session::abort() {
  if (phase_ == Phase::kEnded) return;
  end();
  schedule();  // for the events
}

void Session::when_channel_closed(runtime::Handler<void()> closed) {
  if (phase_ == Phase::kEnded) {
    boost::asio::post(shard_.executor, std::move(closed));
  } else {
    channel_closed_.emplace(std::move(closed));
  }
}

void Session::schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  boost::asio::post(shard_.executor, [self = shared_from_this()] {
    self->scheduled_ = false;
    self->drive();
  });
}

void Session::drive() {
  if (phase_ != Phase::kEnded) keep_time();
  take_frames();
  deliver_events();
  if (phase_ == Phase::kRunning) write();  // nothing after our goodbye, no KEEPALIVE either
  if (phase_ == Phase::kRunning) say_goodbye();
  if (phase_ != Phase::kEnded) fill();
  if (phase_ != Phase::kEnded) set_alarm();
}

void Session::keep_time() {
  const base::Instant now = shard_.clock.now();
  if (const auto deadline = connection_.next_timeout(); deadline && now >= *deadline) {
    connection_.handle_timeout(now);
    if (finish_ && connection_.state() == rsocket::ConnectionState::kClosed) dropped_ = true;
  }
  if (read_deadline_ && now >= *read_deadline_) {
    end();
  } else if (linger_deadline_ && now >= *linger_deadline_) {
    base::reached(base::Probe::kLingered);
    end();
  } else if (stall_deadline_ && now >= *stall_deadline_) {
    if (channel_->written_bytes() == written_bytes_seen_) {
      base::reached(base::Probe::kWriteStalled);
      end();
    } else {
      written_bytes_seen_ = channel_->written_bytes();
      stall_deadline_ = now + kWriteStallTime;
    }
  }
}

bool Session::may_take() const {
  return phase_ == Phase::kRunning && !filling_ && !finish_ && !muted_ && connection_.wants_read();
}

void Session::take_frames() {
  deliver_events();
  while (may_take()) {
    if (!frame_) {
      const auto frame = channel_->next_frame();
      if (frame.has_error()) {
        connection_.handle_frame_error(shard_.clock.now(), frame.error());
      } else if (*frame) {
        frame_ = **frame;
      } else if (!skip_arriving()) {
        return;
      }
    }
    if (frame_) {
      if (!is_its_turn(*frame_)) return;
      take_frame(*std::exchange(frame_, std::nullopt));
    }
    deliver_events();
  }
}

bool Session::is_its_turn(base::ByteView frame) {
  const auto header = rsocket::decode_header(frame);
  if (!turns_ || !header || !is_unasked(*header, connection_.role())) return true;
  if (std::exchange(has_turn_, false)) return true;
  if (waits_for_turn_) return false;
  waits_for_turn_ = !turns_->take(weak_from_this());
  return !waits_for_turn_;
}

void Session::on_turn() {
  const auto self = shared_from_this();  // an event may drop the last but it
  waits_for_turn_ = false;
  has_turn_ = true;
  drive();
  has_turn_ = false;
}

void Session::take_frame(base::ByteView frame) {
  const auto header = rsocket::decode_header(frame);
  if (!header || gate_.admits(shard_.clock.now(), connection_, *header, frame.size())) {
    connection_.handle_frame(shard_.clock.now(), frame);
  } else {
    connection_.handle_skipped_frame(shard_.clock.now(), *header);
  }
  gate_.end_frame();
}

// False: what is arriving, if anything, is to be had whole.
bool Session::skip_arriving() {
  const base::ByteView arrived = channel_->arriving();
  const auto header = rsocket::decode_header(arrived);
  if (!header) return false;
  const base::Instant now = shard_.clock.now();
  const bool overdue = gate_.overdue(now);
  if (!overdue && gate_.admits(now, connection_, *header, arrived.size())) return false;
  channel_->skip_frame();
  connection_.handle_skipped_frame(
      now, *header, overdue ? rsocket::AbortReason::kTooSlow : rsocket::AbortReason::kNoRoom);
  gate_.end_frame();
  return true;
}

void Session::deliver_events() {
  while (const auto event = connection_.poll_event()) {
    if (handler_ != nullptr) handler_->on_event(*event);
  }
  gate_.settle(connection_);
}

void Session::write() {
  if (writing_) return;
  std::vector<base::Bytes> frames;
  std::size_t bytes = 0;
  while (bytes < kWriteBatchBytes) {
    auto frame = connection_.poll_frame();
    if (!frame) break;
    bytes += frame->size() + rsocket::kQueuedFrameBytes;
    frames.push_back(std::move(*frame));
  }
  if (frames.empty()) return;
  writing_ = true;
  written_bytes_seen_ = channel_->written_bytes();
  stall_deadline_ = shard_.clock.now() + kWriteStallTime;
  channel_->async_write(
      std::move(frames),
      boost::asio::bind_executor(shard_.executor, [self = shared_from_this()](error_code error) {
        self->on_written(error);
      }));
}

bool Session::all_written() const { return !writing_ && connection_.queued_bytes() == 0; }

void Session::say_goodbye() {
  if (!all_written() || (!finish_ && !connection_.should_close())) return;
  phase_ = Phase::kLingering;
  flushed_ = !dropped_;
  linger_deadline_ = shard_.clock.now() + kLingerTime;
  channel_->discard_input();
  gate_.end_frame();
  read_deadline_.reset();
  channel_->async_shutdown(
      boost::asio::bind_executor(shard_.executor, [self = shared_from_this()](error_code error) {
        if (error) self->end(error);
        self->drive();
      }));
}

void Session::fill() {
  if (filling_) return;
  const bool may_fill = !frame_ && !finish_ && !muted_ && connection_.wants_read();
  if (phase_ == Phase::kRunning && !may_fill) return;
  frame_.reset();  // it borrows from what is filled
  filling_ = true;
  if (gate_.charged()) read_deadline_ = shard_.clock.now() + kReadStallTime;
  channel_->async_fill(boost::asio::bind_executor(
      shard_.executor, [self = shared_from_this()](error_code error) { self->on_filled(error); }));
}

void Session::on_filled(error_code error) {
  filling_ = false;
  read_deadline_.reset();
  if (error) end(error);
  drive();
}

void Session::on_written(error_code error) {
  writing_ = false;
  stall_deadline_.reset();
  if (error) end(error);
  drive();
}

std::optional<base::Instant> Session::next_deadline() const {
  std::optional<base::Instant> next = connection_.next_timeout();
  for (const auto& deadline : {stall_deadline_, read_deadline_, linger_deadline_}) {
    if (deadline && (!next || *deadline < *next)) next = deadline;
  }
  return next;
}

void Session::set_alarm() {
  if (const auto deadline = next_deadline()) {
    alarm_.set(*deadline);
  } else {
    alarm_.clear();
  }
}

void Session::end(error_code error) {
  if (phase_ == Phase::kEnded) return;
  if (error != boost::asio::error::eof) stream_error_ = error;
  phase_ = Phase::kEnded;
  linger_deadline_.reset();
  stall_deadline_.reset();
  read_deadline_.reset();
  connection_.handle_closed(shard_.clock.now());
  channel_->close();
  gate_.end_frame();
  alarm_.clear();
  if (channel_closed_) boost::asio::post(shard_.executor, *std::exchange(channel_closed_, {}));
}

}  // namespace prometheus_rsocket::transport
