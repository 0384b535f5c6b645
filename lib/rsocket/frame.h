// RSocket 1.0 frames as values, and the codec between them and bytes.
//
// The lowest room of lib/rsocket: no state, no I/O. A decoded frame borrows from the span it was
// decoded from; an encoded one is written into the caller's buffer. Source of every layout:
// RSocket 1.0, "Frame Header Format" and "Frame Types". Lengths exclude the 24-bit length prefix of
// TCP, which frame_reader.h handles: WebSocket has none.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/strong_id.h"
#include "base/time.h"

namespace prometheus_rsocket::rsocket {

using base::Bytes;
using base::ByteView;

using StreamId = base::StrongId<struct StreamIdTag, std::uint32_t>;  // 31 bits
inline constexpr StreamId kConnectionStream{0};

enum class FrameType : std::uint8_t {
  kSetup = 0x01,
  kLease = 0x02,
  kKeepalive = 0x03,
  kRequestResponse = 0x04,
  kRequestFnf = 0x05,
  kRequestStream = 0x06,
  kRequestChannel = 0x07,
  kRequestN = 0x08,
  kCancel = 0x09,
  kPayload = 0x0A,
  kError = 0x0B,
  kMetadataPush = 0x0C,
  kResume = 0x0D,
  kResumeOk = 0x0E,
  kExtension = 0x3F,
};

// RSocket 1.0, "Error Codes". Codes from 0x301 on are the application's own; any u32 can arrive.
enum class ErrorCode : std::uint32_t {
  kInvalidSetup = 0x1,
  kUnsupportedSetup = 0x2,
  kRejectedSetup = 0x3,
  kRejectedResume = 0x4,
  kConnectionError = 0x101,
  kConnectionClose = 0x102,
  kApplicationError = 0x201,
  kRejected = 0x202,
  kCanceled = 0x203,
  kInvalid = 0x204,
};

// What a request or a reply carries. Absent and empty metadata differ on the wire.
struct PayloadView {
  std::optional<ByteView> metadata;
  ByteView data;
};

struct SetupFrame {
  std::uint16_t version_major = 1;
  std::uint16_t version_minor = 0;
  std::chrono::milliseconds keepalive_interval{};  // 1 … 2^31-1
  std::chrono::milliseconds lifetime_max{};        // 1 … 2^31-1
  bool lease = false;
  std::optional<ByteView> resume_token;  // present exactly when R is set
  std::string_view metadata_mime_type;   // at most 255 bytes
  std::string_view data_mime_type;       // at most 255 bytes
  PayloadView payload;
};

struct LeaseFrame {
  std::uint32_t time_to_live_ms = 0;
  std::uint32_t requests = 0;
  std::optional<ByteView> metadata;
};

struct KeepaliveFrame {
  bool respond = false;
  std::uint64_t position = 0;  // 63 bits
  ByteView data;
};

struct RequestResponseFrame {
  bool follows = false;
  PayloadView payload;
};

struct RequestFnfFrame {
  bool follows = false;
  PayloadView payload;
};

struct RequestStreamFrame {
  bool follows = false;
  std::uint32_t initial_request_n = 1;  // > 0
  PayloadView payload;
};

struct RequestChannelFrame {
  bool follows = false;
  bool complete = false;
  std::uint32_t initial_request_n = 1;  // > 0
  PayloadView payload;
};

struct RequestNFrame {
  std::uint32_t request_n = 1;  // > 0
};

struct CancelFrame {};

// F together with C is read as C alone.
struct PayloadFrame {
  bool follows = false;
  bool complete = false;
  bool next = false;
  PayloadView payload;
};

struct ErrorFrame {
  ErrorCode code{};
  std::string_view message;  // as it came: not checked to be UTF-8
};

struct MetadataPushFrame {
  ByteView metadata;
};

struct ResumeFrame {
  std::uint16_t version_major = 1;
  std::uint16_t version_minor = 0;
  ByteView token;
  std::uint64_t last_received_server_position = 0;    // 63 bits
  std::uint64_t first_available_client_position = 0;  // 63 bits
};

struct ResumeOkFrame {
  std::uint64_t last_received_client_position = 0;  // 63 bits
};

struct ExtensionFrame {
  bool ignore = false;
  std::uint32_t extended_type = 1;  // > 0
  PayloadView payload;
};

// A frame of a type that we do not know, with I set: to be passed over.
struct IgnoredFrame {
  std::uint8_t type = 0;
};

using FrameBody =
    std::variant<SetupFrame, LeaseFrame, KeepaliveFrame, RequestResponseFrame, RequestFnfFrame,
                 RequestStreamFrame, RequestChannelFrame, RequestNFrame, CancelFrame, PayloadFrame,
                 ErrorFrame, MetadataPushFrame, ResumeFrame, ResumeOkFrame, ExtensionFrame,
                 IgnoredFrame>;

struct Frame {
  StreamId stream;
  FrameBody body;
};

// Equality compares contents, not addresses.
[[nodiscard]] bool operator==(const PayloadView& left, const PayloadView& right);
[[nodiscard]] bool operator==(const Frame& left, const Frame& right);
// One line for logs and transcripts, such as `REQUEST_RESPONSE stream=4 metadata=0 data=294`: names
// and sizes, never a payload's bytes.
std::ostream& operator<<(std::ostream& out, const Frame& frame);
std::ostream& operator<<(std::ostream& out, ErrorCode code);

// Why bytes are no frame. Which ERROR a peer gets for it is decided in connection.h.
enum class FrameError {
  kHeaderTooShort = 1,  // fewer than 6 bytes
  kFrameTooLong,        // more than 2^24-1, or than the bound of its type (limits.h)
  kBodyTooShort,
  kMetadataTooLong,  // the metadata's length passes the end of the frame
  kTrailingBytes,    // bytes after a body that has an end
  kZeroRequestN,
  kZeroInterval,  // SETUP with keepalive interval or lifetime 0
  kZeroExtendedType,
  kStreamNotAllowed,     // stream 0 where one is needed, or the other way round
  kPayloadWithoutFlags,  // PAYLOAD with neither N nor C
  kUnknownType,          // without I
};

[[nodiscard]] boost::system::error_code make_error_code(FrameError error);

// The header alone, for whoever must decide before the rest has arrived or although it is broken.
struct FrameHeader {
  StreamId stream;
  std::uint8_t type = 0;    // 6 bits
  std::uint16_t flags = 0;  // 10 bits
};
[[nodiscard]] boost::system::result<FrameHeader> decode_header(ByteView frame);
// Whether it is of a payload that goes on in further frames.
[[nodiscard]] bool is_fragment(const FrameHeader& header);
// What is wrong with every frame that has this header, whatever its body; nothing when that depends
// on the body.
[[nodiscard]] std::optional<FrameError> header_error(const FrameHeader& header);

// Decodes one whole frame. The result borrows from `frame`. The reserved top bit of the stream id
// is ignored; undefined flag bits too. SETUP's version is not judged here.
[[nodiscard]] boost::system::result<Frame> decode(ByteView frame);

// The largest frame of this type that decode accepts, in bytes; SETUP, control or payload bound.
[[nodiscard]] std::size_t frame_bytes_max(std::uint8_t type);

// REQUIRES (CHECKed): a frame that decode would accept, of at most kFrameBytesMax bytes; not an
// IgnoredFrame.
[[nodiscard]] std::size_t encoded_size(const Frame& frame);
// Writes exactly encoded_size(frame) bytes to the front of `out`; returns that number.
// REQUIRES: out.size() >= encoded_size(frame).
std::size_t encode(const Frame& frame, std::span<std::byte> out);
[[nodiscard]] Bytes encode(const Frame& frame);

}  // namespace prometheus_rsocket::rsocket

template <>
struct boost::system::is_error_code_enum<prometheus_rsocket::rsocket::FrameError> : std::true_type {
};
