// Which frames are worth their bodies, and what a Connection does for those that are not.
#include "base/check.h"
#include "rsocket/connection.h"
#include "rsocket/wire.h"

namespace prometheus_rsocket::rsocket {

namespace {

bool is_request(FrameType type) {
  return type == FrameType::kRequestResponse || type == FrameType::kRequestFnf ||
         type == FrameType::kRequestStream || type == FrameType::kRequestChannel;
}

}  // namespace

bool Connection::wants_frame(const FrameHeader& header, std::size_t bytes) const {
  switch (state_) {
    case ConnectionState::kWaiting: {
      CHECK(role_ == Role::kServer, "a client calls connect() before it reads");
      const auto type = static_cast<FrameType>(header.type);
      return header.stream == kConnectionStream &&
             (type == FrameType::kSetup || type == FrameType::kResume);
    }
    case ConnectionState::kOpen:
      return bytes <= kUnaskedFrameBytesMax || wants_body(header, bytes);
    case ConnectionState::kClosed:
      return false;
  }
  return false;
}

bool Connection::wants_body(const FrameHeader& header, std::size_t bytes) const {
  if (header_error(header)) return false;
  switch (static_cast<FrameType>(header.type)) {
    case FrameType::kRequestResponse:
    case FrameType::kRequestFnf:
      return header.stream.value % 2 == (role_ == Role::kServer ? 1U : 0U) &&
             !inbound_.contains(header.stream) && inbound_.size() < config_.inbound_streams_max;
    case FrameType::kPayload:
      return outbound_.contains(header.stream) || reassembler_.contains(header.stream);
    case FrameType::kError:
      return bytes <= kErrorFrameBytesMax &&
             (header.stream == kConnectionStream || outbound_.contains(header.stream));
    case FrameType::kKeepalive:
    case FrameType::kLease:
    case FrameType::kRequestN:
    case FrameType::kCancel:
    case FrameType::kResumeOk:
      return true;  // too long for its type, and decode says so
    case FrameType::kSetup:
    case FrameType::kResume:
    case FrameType::kRequestStream:
    case FrameType::kRequestChannel:
    case FrameType::kMetadataPush:
    case FrameType::kExtension:
      return false;
  }
  return false;
}

void Connection::handle_skipped_frame(base::Instant now, const FrameHeader& header,
                                      AbortReason reason) {
  if (state_ == ConnectionState::kClosed) return;
  CHECK(events_.empty(), "every event is polled before the next frame: they borrow");
  const auto type = static_cast<FrameType>(header.type);
  if (state_ == ConnectionState::kWaiting) {
    const bool no_room = wants_frame(header, kUnaskedFrameBytesMax);
    fail(CloseReason::kSetupRefused, no_room ? ErrorCode::kRejectedSetup : ErrorCode::kInvalidSetup,
         no_room ? "no room for SETUP now" : "the first frame must be SETUP");
  } else if (const auto error = header_error(header)) {
    handle_frame_error(now, *error);
  } else if (is_request(type)) {
    if (!admit_request(header.stream, type, true)) return;
    abort_payload(header.stream, reason);
  } else if (type == FrameType::kPayload) {
    if (wants_body(header, kUnaskedFrameBytesMax)) {
      abort_payload(header.stream, reason);
    }
  } else if (type == FrameType::kError) {
    receive_error(header.stream,
                  {.code = header.stream == kConnectionStream ? ErrorCode::kConnectionError
                                                              : ErrorCode::kApplicationError,
                   .message = "(its text was not read)"});
  } else if (type == FrameType::kExtension) {
    receive_extension((header.flags & kFlagIgnore) != 0);
  }
  // The rest is ignored whatever it carries, as in receive().
}

}  // namespace prometheus_rsocket::rsocket
