#include "rsocket/connection.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "rsocket/error_text.h"

namespace prometheus_rsocket::rsocket {

namespace {

bool fits_one_frame(const PayloadView& payload) {
  const std::size_t room = kFrameBytesMax - kFrameHeaderBytes;
  if (payload.data.size() > room) return false;
  if (!payload.metadata) return true;
  const std::size_t left = room - payload.data.size();
  return left >= kLengthPrefixBytes && payload.metadata->size() <= left - kLengthPrefixBytes;
}

std::uint32_t first_stream(Role role, const ConnectionConfig& config) {
  const std::uint32_t lowest = role == Role::kClient ? 1 : 2;
  if (!config.first_stream) return lowest;
  const std::uint32_t first = config.first_stream->value;
  CHECK(first >= lowest && first <= kU31Max && first % 2 == lowest % 2,
        "the first stream id is of the role's parity");
  return first;
}

void check_config(const ConnectionConfig& config) {
  CHECK(config.lifetime_min > base::Duration::zero() && config.lifetime_min <= config.lifetime_max,
        "a lifetime can be clamped");
  CHECK(config.first_frame_time > base::Duration::zero(), "a client has time to send SETUP");
  CHECK(config.inbound_streams_max > 0, "a peer may send requests");
  CHECK(config.keepalive_burst > 0 && config.keepalive_refill > base::Duration::zero(),
        "a peer may send keepalives");
  CHECK(!config.fragment_bytes_max || (*config.fragment_bytes_max >= kFragmentBytesMin &&
                                       *config.fragment_bytes_max <= kFrameBytesMax),
        "a fragment size that peers accept");
}

}  // namespace

Connection::Connection(Role role, const ConnectionConfig& config, base::Instant start)
    : role_(role),
      config_(config),
      next_stream_(first_stream(role, config)),
      reassembler_(config.payload_bytes_max),
      keepalive_tokens_(config.keepalive_burst),
      keepalive_refilled_(start) {
  check_config(config);
  if (role == Role::kServer) first_frame_deadline_ = start + config.first_frame_time;
}

// ---- What happened; frames are in connection_receive.cpp.

void Connection::handle_timeout(base::Instant now) {
  if (state_ == ConnectionState::kClosed) return;
  if (first_frame_deadline_ && now >= *first_frame_deadline_) {
    fail(CloseReason::kFirstFrameTimeout, ErrorCode::kInvalidSetup, "no SETUP in time");
    return;
  }
  if (lifetime_deadline_ && base::is_mutant(base::Mutant::kNoKeepaliveTimeout)) {
    lifetime_deadline_ = now + settings_->lifetime;
  }
  if (lifetime_deadline_ && now >= *lifetime_deadline_) {
    drop_queue();  // nobody reads it
    fail(CloseReason::kLifetimeExpired, ErrorCode::kConnectionError, "no KEEPALIVE in time");
    return;
  }
  for (const StreamId stream : reassembler_.expire(now)) {
    abort_payload(stream, AbortReason::kTooSlow);
  }
  if (next_keepalive_ && now >= *next_keepalive_) {
    send({kConnectionStream, KeepaliveFrame{.respond = true, .position = 0, .data = {}}});
    next_keepalive_ = now + settings_->keepalive_interval;
  }
}

void Connection::handle_closed(base::Instant /*now*/) {
  drop_queue();
  end(CloseReason::kStreamEnded);
}

void Connection::handle_frame_error(base::Instant /*now*/, boost::system::error_code error) {
  const bool first = role_ == Role::kServer && state_ == ConnectionState::kWaiting;
  fail(first ? CloseReason::kSetupRefused : CloseReason::kProtocolError,
       first ? ErrorCode::kInvalidSetup : ErrorCode::kConnectionError, error.message());
}

// ---- Commands.

void Connection::connect(base::Instant now, const SetupConfig& setup) {
  CHECK(role_ == Role::kClient, "only a client sends SETUP");
  if (state_ == ConnectionState::kClosed) return;
  CHECK(state_ == ConnectionState::kWaiting, "SETUP is sent once");
  const Frame frame{kConnectionStream, SetupFrame{.keepalive_interval = setup.keepalive_interval,
                                                  .lifetime_max = setup.lifetime_max,
                                                  .resume_token = std::nullopt,
                                                  .metadata_mime_type = setup.metadata_mime_type,
                                                  .data_mime_type = setup.data_mime_type,
                                                  .payload = setup.payload.view()}};
  CHECK(encoded_size(frame) <= kSetupFrameBytesMax, "SETUP stays under its bound");
  send(frame);
  state_ = ConnectionState::kOpen;
  settings_ = Settings{setup.keepalive_interval, setup.lifetime_max, setup.metadata_mime_type,
                       setup.data_mime_type};
  next_keepalive_ = now + setup.keepalive_interval;
  lifetime_deadline_ = now + setup.lifetime_max;
}

boost::system::result<StreamId> Connection::request_response(const PayloadView& payload) {
  const auto stream = open_stream(payload);
  if (!stream) return stream;
  outbound_.insert(*stream);
  send({*stream, RequestResponseFrame{.follows = false, .payload = payload}});
  return stream;
}

boost::system::result<StreamId> Connection::fire_and_forget(const PayloadView& payload) {
  const auto stream = open_stream(payload);
  if (stream) send({*stream, RequestFnfFrame{.follows = false, .payload = payload}});
  return stream;
}

boost::system::result<StreamId> Connection::open_stream(const PayloadView& payload) {
  if (state_ != ConnectionState::kOpen) return CommandError::kNotOpen;
  if (next_stream_ > kU31Max) return CommandError::kStreamIdsExhausted;
  if (!sendable(payload)) return CommandError::kPayloadTooLong;
  return StreamId{std::exchange(next_stream_, next_stream_ + 2)};
}

boost::system::result<void> Connection::respond(StreamId stream, const PayloadView& payload) {
  if (state_ != ConnectionState::kOpen) return CommandError::kNotOpen;
  const auto request = inbound_.find(stream);
  if (request == inbound_.end() || request->second != Inbound::kAwaitingReply) {
    return CommandError::kUnknownStream;
  }
  if (!sendable(payload)) return CommandError::kPayloadTooLong;
  inbound_.erase(request);
  send(
      {stream, PayloadFrame{.follows = false, .complete = true, .next = true, .payload = payload}});
  return {};
}

boost::system::result<void> Connection::respond_error(StreamId stream, ErrorCode code,
                                                      std::string_view text) {
  if (state_ != ConnectionState::kOpen) return CommandError::kNotOpen;
  const auto request = inbound_.find(stream);
  if (request == inbound_.end() || request->second != Inbound::kAwaitingReply) {
    return CommandError::kUnknownStream;
  }
  inbound_.erase(request);
  send_error(stream, code, text);
  return {};
}

void Connection::cancel(StreamId stream) {
  std::erase_if(events_, [stream](const Event& event) {
    const auto* response = std::get_if<Response>(&event);
    const auto* error = std::get_if<ResponseError>(&event);
    const auto* aborted = std::get_if<ResponseAborted>(&event);
    return (response != nullptr && response->stream == stream) ||
           (error != nullptr && error->stream == stream) ||
           (aborted != nullptr && aborted->stream == stream);
  });
  if (state_ != ConnectionState::kOpen || outbound_.erase(stream) == 0) return;
  reassembler_.forget(stream);
  send({stream, CancelFrame{}});
}

void Connection::close(ErrorCode code, std::string_view text) {
  fail(CloseReason::kCommand, code, text);
}

// ---- Work for the driver.

std::optional<Event> Connection::poll_event() {
  if (events_.empty()) {
    reassembler_.release();  // no event borrows from it any more
    return std::nullopt;
  }
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::optional<Bytes> Connection::poll_frame() {
  if (queue_.empty()) return std::nullopt;
  Bytes frame = std::move(queue_.front());
  queue_.pop_front();
  queued_bytes_ -= frame.size() + kQueuedFrameBytes;
  return frame;
}

bool Connection::should_close() const {
  return state_ == ConnectionState::kClosed && queue_.empty();
}

std::optional<base::Instant> Connection::next_timeout() const {
  if (state_ == ConnectionState::kClosed) return std::nullopt;
  std::optional<base::Instant> earliest;
  for (const auto& deadline :
       {first_frame_deadline_, lifetime_deadline_, next_keepalive_, reassembler_.next_timeout()}) {
    if (deadline && (!earliest || *deadline < *earliest)) earliest = deadline;
  }
  return earliest;
}

bool Connection::wants_read() const {
  return state_ != ConnectionState::kClosed && queued_bytes_ <= config_.outbound_queue_bytes_max;
}

// ---- Sending and ending.

bool Connection::sendable(const PayloadView& payload) const {
  return config_.fragment_bytes_max.has_value() || fits_one_frame(payload);
}

void Connection::send(const Frame& frame) {
  const auto enqueue = [this](Bytes bytes) {
    queued_bytes_ += bytes.size() + kQueuedFrameBytes;
    queue_.push_back(std::move(bytes));
  };
  const bool fragmentable = std::holds_alternative<RequestResponseFrame>(frame.body) ||
                            std::holds_alternative<RequestFnfFrame>(frame.body) ||
                            std::holds_alternative<PayloadFrame>(frame.body);
  if (!fragmentable || !config_.fragment_bytes_max) {
    enqueue(encode(frame));
    return;
  }
  for (Bytes& bytes : fragment(frame, *config_.fragment_bytes_max)) enqueue(std::move(bytes));
}

void Connection::send_error(StreamId stream, ErrorCode code, std::string_view text) {
  send({stream, ErrorFrame{.code = code, .message = cut_error_text(text)}});
}

void Connection::drop_queue() {
  queue_.clear();
  queued_bytes_ = 0;
}

void Connection::end(CloseReason reason) {
  if (state_ == ConnectionState::kClosed) return;
  state_ = ConnectionState::kClosed;
  inbound_.clear();
  outbound_.clear();
  reassembler_.clear();
  events_.emplace_back(Closed{reason});
}

void Connection::fail(CloseReason reason, ErrorCode code, std::string_view text) {
  if (state_ == ConnectionState::kClosed) return;
  send_error(kConnectionStream, code, text);
  end(reason);
}

}  // namespace prometheus_rsocket::rsocket
