#include "rsocket/frame.h"
#include "rsocket/limits.h"
#include "rsocket/wire.h"

namespace prometheus_rsocket::rsocket {

namespace {

using boost::system::result;

constexpr unsigned kFlagBits = 10;
constexpr std::uint16_t kFlagMask = (1U << kFlagBits) - 1;

enum class StreamRule { kConnection, kStream, kAny };

// Nothing for a type that we do not know.
std::optional<StreamRule> stream_rule(std::uint8_t type) {
  switch (static_cast<FrameType>(type)) {
    case FrameType::kSetup:
    case FrameType::kLease:
    case FrameType::kKeepalive:
    case FrameType::kMetadataPush:
    case FrameType::kResume:
    case FrameType::kResumeOk:
      return StreamRule::kConnection;
    case FrameType::kRequestResponse:
    case FrameType::kRequestFnf:
    case FrameType::kRequestStream:
    case FrameType::kRequestChannel:
    case FrameType::kRequestN:
    case FrameType::kCancel:
    case FrameType::kPayload:
      return StreamRule::kStream;
    case FrameType::kError:
    case FrameType::kExtension:
      return StreamRule::kAny;
  }
  return std::nullopt;
}

// A body that has an end: `body` unless bytes ran short or are left.
result<FrameBody> ended(const WireReader& in, const FrameBody& body) {
  if (!in.ok()) return FrameError::kBodyTooShort;
  if (in.remaining() != 0) return FrameError::kTrailingBytes;
  return body;
}

// The payload is the last part of a body: what came before it ran short if `in` is not ok.
template <class Body>
result<FrameBody> with_payload(WireReader& in, std::uint16_t flags, Body body) {
  if ((flags & kFlagMetadata) != 0) {
    const std::uint32_t metadata_bytes = in.u24();
    if (in.ok() && metadata_bytes > in.remaining()) return FrameError::kMetadataTooLong;
    body.payload.metadata = in.bytes(metadata_bytes);
  }
  body.payload.data = in.rest();
  if (!in.ok()) return FrameError::kBodyTooShort;
  return FrameBody(body);
}

result<FrameBody> decode_setup(WireReader& in, std::uint16_t flags) {
  SetupFrame setup;
  setup.version_major = in.u16();
  setup.version_minor = in.u16();
  setup.keepalive_interval = std::chrono::milliseconds(in.u31());
  setup.lifetime_max = std::chrono::milliseconds(in.u31());
  setup.lease = (flags & kFlagLease) != 0;
  if ((flags & kFlagResume) != 0) setup.resume_token = in.bytes(in.u16());
  setup.metadata_mime_type = in.text(in.u8());
  setup.data_mime_type = in.text(in.u8());
  if (!in.ok()) return FrameError::kBodyTooShort;
  if (setup.keepalive_interval.count() == 0 || setup.lifetime_max.count() == 0) {
    return FrameError::kZeroInterval;
  }
  return with_payload(in, flags, setup);
}

result<FrameBody> decode_lease(WireReader& in, std::uint16_t flags) {
  LeaseFrame lease;
  lease.time_to_live_ms = in.u31();
  lease.requests = in.u31();
  if ((flags & kFlagMetadata) != 0) lease.metadata = in.rest();
  return ended(in, lease);
}

result<FrameBody> decode_keepalive(WireReader& in, std::uint16_t flags) {
  KeepaliveFrame keepalive;
  keepalive.respond = (flags & kFlagRespond) != 0;
  keepalive.position = in.u63();
  keepalive.data = in.rest();
  return ended(in, keepalive);
}

result<FrameBody> decode_request_stream(WireReader& in, std::uint16_t flags) {
  RequestStreamFrame request;
  request.follows = (flags & kFlagFollows) != 0;
  request.initial_request_n = in.u31();
  if (in.ok() && request.initial_request_n == 0) return FrameError::kZeroRequestN;
  return with_payload(in, flags, request);
}

result<FrameBody> decode_request_channel(WireReader& in, std::uint16_t flags) {
  RequestChannelFrame request;
  request.follows = (flags & kFlagFollows) != 0;
  request.complete = (flags & kFlagComplete) != 0;
  request.initial_request_n = in.u31();
  if (in.ok() && request.initial_request_n == 0) return FrameError::kZeroRequestN;
  return with_payload(in, flags, request);
}

result<FrameBody> decode_request_n(WireReader& in) {
  const RequestNFrame request{.request_n = in.u31()};
  if (in.ok() && request.request_n == 0) return FrameError::kZeroRequestN;
  return ended(in, request);
}

result<FrameBody> decode_payload(WireReader& in, std::uint16_t flags) {
  PayloadFrame payload;
  payload.complete = (flags & kFlagComplete) != 0;
  payload.next = (flags & kFlagNext) != 0;
  payload.follows = (flags & kFlagFollows) != 0 && !payload.complete;
  return with_payload(in, flags, payload);
}

result<FrameBody> decode_error(WireReader& in) {
  ErrorFrame error;
  error.code = static_cast<ErrorCode>(in.u32());
  error.message = in.text(in.remaining());
  return ended(in, error);
}

result<FrameBody> decode_resume(WireReader& in) {
  ResumeFrame resume;
  resume.version_major = in.u16();
  resume.version_minor = in.u16();
  resume.token = in.bytes(in.u16());
  resume.last_received_server_position = in.u63();
  resume.first_available_client_position = in.u63();
  return ended(in, resume);
}

result<FrameBody> decode_extension(WireReader& in, std::uint16_t flags) {
  ExtensionFrame extension;
  extension.ignore = (flags & kFlagIgnore) != 0;
  extension.extended_type = in.u31();
  if (in.ok() && extension.extended_type == 0) return FrameError::kZeroExtendedType;
  return with_payload(in, flags, extension);
}

result<FrameBody> decode_body(const FrameHeader& header, WireReader& in) {
  const std::uint16_t flags = header.flags;
  const bool follows = (flags & kFlagFollows) != 0;
  switch (static_cast<FrameType>(header.type)) {
    case FrameType::kSetup:
      return decode_setup(in, flags);
    case FrameType::kLease:
      return decode_lease(in, flags);
    case FrameType::kKeepalive:
      return decode_keepalive(in, flags);
    case FrameType::kRequestResponse:
      return with_payload(in, flags, RequestResponseFrame{.follows = follows, .payload = {}});
    case FrameType::kRequestFnf:
      return with_payload(in, flags, RequestFnfFrame{.follows = follows, .payload = {}});
    case FrameType::kRequestStream:
      return decode_request_stream(in, flags);
    case FrameType::kRequestChannel:
      return decode_request_channel(in, flags);
    case FrameType::kRequestN:
      return decode_request_n(in);
    case FrameType::kCancel:
      return ended(in, CancelFrame{});
    case FrameType::kPayload:
      return decode_payload(in, flags);
    case FrameType::kError:
      return decode_error(in);
    case FrameType::kMetadataPush:
      return FrameBody(MetadataPushFrame{.metadata = in.rest()});
    case FrameType::kResume:
      return decode_resume(in);
    case FrameType::kResumeOk: {
      const ResumeOkFrame resumed{.last_received_client_position = in.u63()};
      return ended(in, resumed);
    }
    case FrameType::kExtension:
      return decode_extension(in, flags);
  }
  return FrameBody(IgnoredFrame{.type = header.type});
}

}  // namespace

result<FrameHeader> decode_header(ByteView frame) {
  WireReader in(frame);
  const StreamId stream{in.u31()};
  const std::uint16_t type_and_flags = in.u16();
  if (!in.ok()) return FrameError::kHeaderTooShort;
  return FrameHeader{.stream = stream,
                     .type = static_cast<std::uint8_t>(type_and_flags >> kFlagBits),
                     .flags = static_cast<std::uint16_t>(type_and_flags & kFlagMask)};
}

bool is_fragment(const FrameHeader& header) {
  if ((header.flags & kFlagFollows) == 0) return false;
  switch (static_cast<FrameType>(header.type)) {
    case FrameType::kRequestResponse:
    case FrameType::kRequestFnf:
    case FrameType::kRequestStream:
    case FrameType::kRequestChannel:
      return true;
    case FrameType::kPayload:
      return (header.flags & kFlagComplete) == 0;
    default:
      return false;
  }
}

std::optional<FrameError> header_error(const FrameHeader& header) {
  const auto rule = stream_rule(header.type);
  if (!rule) {
    if ((header.flags & kFlagIgnore) == 0) return FrameError::kUnknownType;
    return std::nullopt;
  }
  if (*rule != StreamRule::kAny &&
      (*rule == StreamRule::kConnection) != (header.stream == kConnectionStream)) {
    return FrameError::kStreamNotAllowed;
  }
  if (static_cast<FrameType>(header.type) == FrameType::kPayload &&
      (header.flags & (kFlagNext | kFlagComplete)) == 0) {
    return FrameError::kPayloadWithoutFlags;
  }
  return std::nullopt;
}

result<Frame> decode(ByteView frame) {
  const result<FrameHeader> header = decode_header(frame);
  if (!header) return header.error();
  if (frame.size() > frame_bytes_max(header->type)) return FrameError::kFrameTooLong;
  if (const auto wrong = header_error(*header)) return *wrong;
  WireReader in(frame.subspan(kFrameHeaderBytes));
  const result<FrameBody> body = decode_body(*header, in);
  if (!body) return body.error();
  return Frame{.stream = header->stream, .body = *body};
}

std::size_t frame_bytes_max(std::uint8_t type) {
  switch (static_cast<FrameType>(type)) {
    case FrameType::kSetup:
    case FrameType::kResume:
      return kSetupFrameBytesMax;
    case FrameType::kLease:
    case FrameType::kKeepalive:
    case FrameType::kRequestN:
    case FrameType::kCancel:
    case FrameType::kResumeOk:
      return kControlFrameBytesMax;
    case FrameType::kError:
    case FrameType::kRequestResponse:
    case FrameType::kRequestFnf:
    case FrameType::kRequestStream:
    case FrameType::kRequestChannel:
    case FrameType::kPayload:
    case FrameType::kMetadataPush:
    case FrameType::kExtension:
      return kFrameBytesMax;
  }
  return kFrameBytesMax;  // unknown types: with I set they are passed over, whatever they carry
}

}  // namespace prometheus_rsocket::rsocket
