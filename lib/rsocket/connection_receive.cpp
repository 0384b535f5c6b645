// What a Connection does with each frame that arrives: the case table of the protocol.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "rsocket/connection.h"
#include "rsocket/error_text.h"

namespace prometheus_rsocket::rsocket {

namespace {

std::size_t size_of(const PayloadView& payload) {
  return (payload.metadata ? payload.metadata->size() : 0) + payload.data.size();
}

AbortReason abort_reason(boost::system::error_code error) {
  return error == ReassemblyError::kTooManyStreams ? AbortReason::kTooManyFragmented
                                                   : AbortReason::kPayloadTooLong;
}

std::string_view refusal(AbortReason reason) {
  switch (reason) {
    case AbortReason::kPayloadTooLong:
      return "payload too long";
    case AbortReason::kTooSlow:
      return "payload too slow";
    case AbortReason::kTooManyFragmented:
      return "too many fragmented payloads under way";
    case AbortReason::kNoRoom:
      return "too much is on its way in";
  }
  return "";
}

}  // namespace

void Connection::handle_frame(base::Instant now, ByteView frame) {
  if (state_ == ConnectionState::kClosed) return;
  CHECK(events_.empty(), "every event is polled before the next frame: they borrow");
  const auto header = decode_header(frame);
  if (header && !wants_frame(*header, frame.size())) return handle_skipped_frame(now, *header);
  if (state_ == ConnectionState::kWaiting) return receive_first(now, frame);
  const auto decoded = decode(frame);
  if (!decoded) {
    handle_frame_error(now, decoded.error());
    return;
  }
  receive(now, *decoded);
}

void Connection::receive_first(base::Instant now, ByteView frame) {
  const auto refuse = [this](ErrorCode code, std::string_view text) {
    fail(CloseReason::kSetupRefused, code, text);
  };
  const auto decoded = decode(frame);
  if (!decoded) return refuse(ErrorCode::kInvalidSetup, decoded.error().message());
  if (std::holds_alternative<ResumeFrame>(decoded->body)) {
    return refuse(ErrorCode::kRejectedResume, "resumption is not supported");
  }
  const auto* setup = std::get_if<SetupFrame>(&decoded->body);
  CHECK(setup != nullptr, "no other first frame is wanted");
  if (setup->version_major != 1 || setup->version_minor != 0) {
    return refuse(ErrorCode::kUnsupportedSetup, "only version 1.0 is supported");
  }
  if (setup->resume_token) {
    return refuse(ErrorCode::kRejectedSetup, "resumption is not supported");
  }
  if (setup->lease) return refuse(ErrorCode::kUnsupportedSetup, "leases are not supported");
  receive_setup(now, *setup);
}

void Connection::receive_setup(base::Instant now, const SetupFrame& setup) {
  state_ = ConnectionState::kOpen;
  first_frame_deadline_.reset();
  const base::Duration lifetime =
      std::clamp<base::Duration>(setup.lifetime_max, config_.lifetime_min, config_.lifetime_max);
  settings_ = Settings{setup.keepalive_interval, lifetime, std::string(setup.metadata_mime_type),
                       std::string(setup.data_mime_type)};
  lifetime_deadline_ = now + lifetime;
  // Who declares to send keepalives more often than most may do so, with room for their jitter.
  const base::Duration declared =
      std::max<base::Duration>(kKeepaliveRefillMin, setup.keepalive_interval / 2);
  config_.keepalive_refill = std::min(config_.keepalive_refill, declared);
  events_.emplace_back(SetupReceived{*settings_, setup.payload});
}

void Connection::receive(base::Instant now, const Frame& frame) {
  if (const auto* keepalive = std::get_if<KeepaliveFrame>(&frame.body)) {
    receive_keepalive(now, *keepalive);
  } else if (std::holds_alternative<RequestResponseFrame>(frame.body) ||
             std::holds_alternative<RequestFnfFrame>(frame.body) ||
             std::holds_alternative<RequestStreamFrame>(frame.body) ||
             std::holds_alternative<RequestChannelFrame>(frame.body)) {
    receive_request(now, frame);
  } else if (std::holds_alternative<PayloadFrame>(frame.body)) {
    receive_payload(now, frame);
  } else if (const auto* error = std::get_if<ErrorFrame>(&frame.body)) {
    receive_error(frame.stream, *error);
  } else if (std::holds_alternative<CancelFrame>(frame.body)) {
    receive_cancel(frame.stream);
  } else if (const auto* extension = std::get_if<ExtensionFrame>(&frame.body)) {
    receive_extension(extension->ignore);
  }
  // The rest is ignored: SETUP and RESUME again, LEASE and METADATA_PUSH that nobody asked for,
  // unknown types with I, and REQUEST_N, since every reply of ours is a single payload.
}

void Connection::receive_extension(bool ignore) {
  if (ignore) return;
  fail(CloseReason::kProtocolError, ErrorCode::kConnectionError, "unknown extension");
}

void Connection::receive_keepalive(base::Instant now, const KeepaliveFrame& keepalive) {
  if (!take_keepalive_token(now)) {
    fail(CloseReason::kProtocolError, ErrorCode::kConnectionError, "too many KEEPALIVE frames");
    return;
  }
  // Only KEEPALIVE counts as a sign of life, as in rsocket-java.
  lifetime_deadline_ = now + settings_->lifetime;
  if (!keepalive.respond) return;
  send(
      {kConnectionStream, KeepaliveFrame{.respond = false, .position = 0, .data = keepalive.data}});
}

bool Connection::take_keepalive_token(base::Instant now) {
  const std::int64_t grown = std::max<std::int64_t>(
      0, (now - keepalive_refilled_).count() / config_.keepalive_refill.count());
  if (grown >= config_.keepalive_burst - keepalive_tokens_) {
    keepalive_tokens_ = config_.keepalive_burst;
    keepalive_refilled_ = now;
  } else {
    keepalive_tokens_ += static_cast<std::uint32_t>(grown);
    keepalive_refilled_ += grown * config_.keepalive_refill;
  }
  if (keepalive_tokens_ == 0) return false;
  --keepalive_tokens_;
  return true;
}

// ---- Requests of the peer.

// Registers a request that may begin; says what has to be said of one that may not.
bool Connection::admit_request(StreamId stream, FrameType type, bool follows) {
  const std::uint32_t parity = role_ == Role::kServer ? 1 : 0;
  if (stream.value % 2 != parity) {
    fail(CloseReason::kProtocolError, ErrorCode::kConnectionError, "stream id of wrong parity");
    return false;
  }
  if (inbound_.contains(stream)) return false;
  const bool wants_reply = type == FrameType::kRequestResponse;
  if (!wants_reply && type != FrameType::kRequestFnf) {
    send_error(stream, ErrorCode::kApplicationError, "interaction not supported");
    return false;
  }
  const bool stays = wants_reply || follows;  // a whole fire-and-forget is delivered at once
  if (stays && inbound_.size() >= config_.inbound_streams_max) {
    if (wants_reply) send_error(stream, ErrorCode::kRejected, "too many requests under way");
    return false;
  }
  inbound_.emplace(stream, wants_reply ? Inbound::kRequestArriving : Inbound::kFnfArriving);
  return true;
}

void Connection::receive_request(base::Instant now, const Frame& frame) {
  if (const auto* request = std::get_if<RequestResponseFrame>(&frame.body)) {
    if (!admit_request(frame.stream, FrameType::kRequestResponse, request->follows)) return;
    if (request->follows) return reassemble(now, frame);
    deliver_request(frame.stream, request->payload);
  } else if (const auto* fnf = std::get_if<RequestFnfFrame>(&frame.body)) {
    if (!admit_request(frame.stream, FrameType::kRequestFnf, fnf->follows)) return;
    if (fnf->follows) return reassemble(now, frame);
    deliver_request(frame.stream, fnf->payload);
  } else {
    static_cast<void>(admit_request(frame.stream, FrameType::kRequestStream, false));
  }
}

void Connection::deliver_request(StreamId stream, const PayloadView& payload) {
  if (size_of(payload) > config_.payload_bytes_max) {
    abort_payload(stream, AbortReason::kPayloadTooLong);
    return;
  }
  const auto request = inbound_.find(stream);
  CHECK(request != inbound_.end(), "a request is registered before it is delivered");
  if (request->second == Inbound::kFnfArriving) {
    inbound_.erase(request);
    events_.emplace_back(FireAndForget{stream, payload});
  } else {
    request->second = Inbound::kAwaitingReply;
    events_.emplace_back(Request{stream, payload});
  }
}

void Connection::receive_cancel(StreamId stream) {
  const auto request = inbound_.find(stream);
  if (request == inbound_.end()) return;
  const bool was_delivered = request->second == Inbound::kAwaitingReply;
  inbound_.erase(request);
  reassembler_.forget(stream);
  if (was_delivered) events_.emplace_back(RequestCancelled{stream});
}

// ---- Replies to us, and fragments of either.

void Connection::receive_payload(base::Instant now, const Frame& frame) {
  const auto& payload = std::get<PayloadFrame>(frame.body);
  const bool reply = outbound_.contains(frame.stream);
  if (reassembler_.contains(frame.stream) || (reply && payload.follows)) {
    reassemble(now, frame);
  } else if (reply) {
    deliver_response(frame.stream, payload.payload);
  }
}

void Connection::deliver_response(StreamId stream, const PayloadView& payload) {
  if (size_of(payload) > config_.payload_bytes_max) {
    abort_payload(stream, AbortReason::kPayloadTooLong);
    return;
  }
  outbound_.erase(stream);
  events_.emplace_back(Response{stream, payload});
}

void Connection::reassemble(base::Instant now, const Frame& frame) {
  const auto added = reassembler_.add(now, frame);
  if (!added) {
    if (added.error() == ReassemblyError::kNoProgress) {
      fail(CloseReason::kProtocolError, ErrorCode::kConnectionError, added.error().message());
    } else {
      abort_payload(frame.stream, abort_reason(added.error()));
    }
    return;
  }
  if (!added->has_value()) return;
  const Frame& whole = **added;
  if (const auto* request = std::get_if<RequestResponseFrame>(&whole.body)) {
    deliver_request(whole.stream, request->payload);
  } else if (const auto* fnf = std::get_if<RequestFnfFrame>(&whole.body)) {
    deliver_request(whole.stream, fnf->payload);
  } else {
    deliver_response(whole.stream, std::get<PayloadFrame>(whole.body).payload);
  }
}

// What we no longer want to receive: a reply is cancelled, a request refused; the fragments still
// to come are then of a stream that we do not know.
void Connection::abort_payload(StreamId stream, AbortReason reason) {
  reassembler_.forget(stream);
  if (outbound_.erase(stream) != 0) {
    send({stream, CancelFrame{}});
    events_.emplace_back(ResponseAborted{stream, reason});
    return;
  }
  const auto request = inbound_.find(stream);
  CHECK(request != inbound_.end(), "a payload under way belongs to a stream");
  const bool wants_reply = request->second == Inbound::kRequestArriving;
  inbound_.erase(request);
  if (wants_reply) send_error(stream, ErrorCode::kRejected, refusal(reason));
  events_.emplace_back(RequestAborted{stream, reason});
}

void Connection::receive_error(StreamId stream, const ErrorFrame& error) {
  if (stream == kConnectionStream) {
    events_.emplace_back(PeerError{error.code, std::string(cut_error_text(error.message))});
    drop_queue();
    end(CloseReason::kPeerError);
    return;
  }
  if (outbound_.erase(stream) == 0) return;
  reassembler_.forget(stream);
  events_.emplace_back(
      ResponseError{stream, error.code, std::string(cut_error_text(error.message))});
}

}  // namespace prometheus_rsocket::rsocket
