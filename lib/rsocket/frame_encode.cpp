#include <variant>

#include "base/check.h"
#include "rsocket/frame.h"
#include "rsocket/limits.h"
#include "rsocket/wire.h"

namespace prometheus_rsocket::rsocket {

namespace {

constexpr std::uint64_t kU63Max = 0x7FFF'FFFF'FFFF'FFFF;
constexpr std::size_t kMetadataLengthBytes = 3;
constexpr std::size_t kU8Max = 0xFF;
constexpr std::size_t kU16Max = 0xFFFF;

// What the header needs and how long the body is, of a body that has passed its CHECKs.
struct Shape {
  FrameType type;
  unsigned flags;
  std::size_t body_bytes;
  enum class Stream { kConnection, kStream, kAny } stream;
};

unsigned flag(bool set, std::uint16_t bit) { return set ? bit : 0U; }

unsigned metadata_flag(const PayloadView& payload) {
  return flag(payload.metadata.has_value(), kFlagMetadata);
}

std::size_t size_of(const PayloadView& payload) {
  const std::size_t metadata_bytes =
      payload.metadata ? kMetadataLengthBytes + payload.metadata->size() : 0;
  return metadata_bytes + payload.data.size();
}

void check_u31_positive(std::uint32_t value) {
  CHECK(value > 0 && value <= kU31Max, "31 bits, not 0");
}

Shape shape(const SetupFrame& setup) {
  const auto interval_fits = [](std::chrono::milliseconds time) {
    return time.count() > 0 && time.count() <= kU31Max;
  };
  CHECK(interval_fits(setup.keepalive_interval) && interval_fits(setup.lifetime_max),
        "SETUP's times are 1 ms to 2^31-1 ms");
  CHECK(setup.metadata_mime_type.size() <= kU8Max && setup.data_mime_type.size() <= kU8Max,
        "a MIME type's length has 8 bits");
  CHECK(!setup.resume_token || setup.resume_token->size() <= kU16Max, "a token's has 16");
  const std::size_t token_bytes = setup.resume_token ? 2 + setup.resume_token->size() : 0;
  return {.type = FrameType::kSetup,
          .flags = metadata_flag(setup.payload) |
                   flag(setup.resume_token.has_value(), kFlagResume) |
                   flag(setup.lease, kFlagLease),
          .body_bytes = 2 + 2 + 4 + 4 + token_bytes + 1 + setup.metadata_mime_type.size() + 1 +
                        setup.data_mime_type.size() + size_of(setup.payload),
          .stream = Shape::Stream::kConnection};
}

Shape shape(const LeaseFrame& lease) {
  CHECK(lease.time_to_live_ms <= kU31Max && lease.requests <= kU31Max, "31 bits");
  return {FrameType::kLease, flag(lease.metadata.has_value(), kFlagMetadata),
          4 + 4 + (lease.metadata ? lease.metadata->size() : 0), Shape::Stream::kConnection};
}

Shape shape(const KeepaliveFrame& keepalive) {
  CHECK(keepalive.position <= kU63Max, "a position has 63 bits");
  return {FrameType::kKeepalive, flag(keepalive.respond, kFlagRespond), 8 + keepalive.data.size(),
          Shape::Stream::kConnection};
}

Shape shape(const RequestResponseFrame& request) {
  return {FrameType::kRequestResponse,
          metadata_flag(request.payload) | flag(request.follows, kFlagFollows),
          size_of(request.payload), Shape::Stream::kStream};
}

Shape shape(const RequestFnfFrame& request) {
  return {FrameType::kRequestFnf,
          metadata_flag(request.payload) | flag(request.follows, kFlagFollows),
          size_of(request.payload), Shape::Stream::kStream};
}

Shape shape(const RequestStreamFrame& request) {
  check_u31_positive(request.initial_request_n);
  return {FrameType::kRequestStream,
          metadata_flag(request.payload) | flag(request.follows, kFlagFollows),
          4 + size_of(request.payload), Shape::Stream::kStream};
}

Shape shape(const RequestChannelFrame& request) {
  check_u31_positive(request.initial_request_n);
  return {FrameType::kRequestChannel,
          metadata_flag(request.payload) | flag(request.follows, kFlagFollows) |
              flag(request.complete, kFlagComplete),
          4 + size_of(request.payload), Shape::Stream::kStream};
}

Shape shape(const RequestNFrame& request) {
  check_u31_positive(request.request_n);
  return {FrameType::kRequestN, 0, 4, Shape::Stream::kStream};
}

Shape shape(const CancelFrame&) { return {FrameType::kCancel, 0, 0, Shape::Stream::kStream}; }

Shape shape(const PayloadFrame& frame) {
  CHECK(frame.next || frame.complete, "PAYLOAD has N or C");
  return {FrameType::kPayload,
          metadata_flag(frame.payload) | flag(frame.follows && !frame.complete, kFlagFollows) |
              flag(frame.complete, kFlagComplete) | flag(frame.next, kFlagNext),
          size_of(frame.payload), Shape::Stream::kStream};
}

Shape shape(const ErrorFrame& error) {
  return {FrameType::kError, 0, 4 + error.message.size(), Shape::Stream::kAny};
}

Shape shape(const MetadataPushFrame& push) {
  return {FrameType::kMetadataPush, kFlagMetadata, push.metadata.size(),
          Shape::Stream::kConnection};
}

Shape shape(const ResumeFrame& resume) {
  CHECK(resume.token.size() <= kU16Max, "a token's length has 16 bits");
  CHECK(resume.last_received_server_position <= kU63Max &&
            resume.first_available_client_position <= kU63Max,
        "a position has 63 bits");
  return {FrameType::kResume, 0, 2 + 2 + 2 + resume.token.size() + 8 + 8,
          Shape::Stream::kConnection};
}

Shape shape(const ResumeOkFrame& resumed) {
  CHECK(resumed.last_received_client_position <= kU63Max, "a position has 63 bits");
  return {FrameType::kResumeOk, 0, 8, Shape::Stream::kConnection};
}

Shape shape(const ExtensionFrame& extension) {
  check_u31_positive(extension.extended_type);
  return {FrameType::kExtension,
          flag(extension.ignore, kFlagIgnore) | metadata_flag(extension.payload),
          4 + size_of(extension.payload), Shape::Stream::kAny};
}

Shape shape(const IgnoredFrame&) {
  base::check_failed("encodable", __FILE__, __LINE__, "an ignored frame's content is not kept");
}

void write(WireWriter& out, const PayloadView& payload) {
  if (payload.metadata) {
    out.u24(payload.metadata->size());
    out.bytes(*payload.metadata);
  }
  out.bytes(payload.data);
}

void write(WireWriter& out, const SetupFrame& setup) {
  out.u16(setup.version_major);
  out.u16(setup.version_minor);
  out.u32(static_cast<std::uint32_t>(setup.keepalive_interval.count()));
  out.u32(static_cast<std::uint32_t>(setup.lifetime_max.count()));
  if (setup.resume_token) {
    out.u16(setup.resume_token->size());
    out.bytes(*setup.resume_token);
  }
  out.u8(setup.metadata_mime_type.size());
  out.text(setup.metadata_mime_type);
  out.u8(setup.data_mime_type.size());
  out.text(setup.data_mime_type);
  write(out, setup.payload);
}

void write(WireWriter& out, const LeaseFrame& lease) {
  out.u32(lease.time_to_live_ms);
  out.u32(lease.requests);
  if (lease.metadata) out.bytes(*lease.metadata);
}

void write(WireWriter& out, const KeepaliveFrame& keepalive) {
  out.u64(keepalive.position);
  out.bytes(keepalive.data);
}

void write(WireWriter& out, const RequestResponseFrame& request) { write(out, request.payload); }

void write(WireWriter& out, const RequestFnfFrame& request) { write(out, request.payload); }

void write(WireWriter& out, const RequestStreamFrame& request) {
  out.u32(request.initial_request_n);
  write(out, request.payload);
}

void write(WireWriter& out, const RequestChannelFrame& request) {
  out.u32(request.initial_request_n);
  write(out, request.payload);
}

void write(WireWriter& out, const RequestNFrame& request) { out.u32(request.request_n); }

void write(WireWriter&, const CancelFrame&) {}

void write(WireWriter& out, const PayloadFrame& frame) { write(out, frame.payload); }

void write(WireWriter& out, const ErrorFrame& error) {
  out.u32(static_cast<std::uint32_t>(error.code));
  out.text(error.message);
}

void write(WireWriter& out, const MetadataPushFrame& push) { out.bytes(push.metadata); }

void write(WireWriter& out, const ResumeFrame& resume) {
  out.u16(resume.version_major);
  out.u16(resume.version_minor);
  out.u16(resume.token.size());
  out.bytes(resume.token);
  out.u64(resume.last_received_server_position);
  out.u64(resume.first_available_client_position);
}

void write(WireWriter& out, const ResumeOkFrame& resumed) {
  out.u64(resumed.last_received_client_position);
}

void write(WireWriter& out, const ExtensionFrame& extension) {
  out.u32(extension.extended_type);
  write(out, extension.payload);
}

void write(WireWriter&, const IgnoredFrame&) {}  // shape() has refused it

Shape checked_shape(const Frame& frame) {
  const Shape result = std::visit([](const auto& body) { return shape(body); }, frame.body);
  CHECK(frame.stream.value <= kU31Max, "a stream id has 31 bits");
  CHECK(result.stream == Shape::Stream::kAny ||
            (result.stream == Shape::Stream::kConnection) == (frame.stream == kConnectionStream),
        "stream 0 is for the connection's own frames alone");
  CHECK(kFrameHeaderBytes + result.body_bytes <=
            frame_bytes_max(static_cast<std::uint8_t>(result.type)),
        "a frame is within the bound of its type");
  return result;
}

}  // namespace

std::size_t encoded_size(const Frame& frame) {
  return kFrameHeaderBytes + checked_shape(frame).body_bytes;
}

std::size_t encode(const Frame& frame, std::span<std::byte> out) {
  const Shape header = checked_shape(frame);
  WireWriter writer(out);
  writer.u32(frame.stream.value);
  writer.u16(static_cast<unsigned>(header.type) << 10U | header.flags);
  std::visit([&writer](const auto& body) { write(writer, body); }, frame.body);
  CHECK(writer.written() == kFrameHeaderBytes + header.body_bytes, "sizes agree with layouts");
  return writer.written();
}

Bytes encode(const Frame& frame) {
  Bytes out(encoded_size(frame));
  encode(frame, out);
  return out;
}

}  // namespace prometheus_rsocket::rsocket
