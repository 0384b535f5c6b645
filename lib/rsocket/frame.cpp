// Frames as values: equality and the one line for logs and transcripts.
#include "rsocket/frame.h"

#include <array>
#include <ostream>
#include <tuple>
#include <utility>

#include "base/hex.h"

namespace prometheus_rsocket::rsocket {

namespace {

using base::as_text;

std::optional<std::string_view> as_text(const std::optional<ByteView>& bytes) {
  if (!bytes) return std::nullopt;
  return base::as_text(*bytes);
}

// The contents of a body as one comparable value.
auto fields(const PayloadView& payload) {
  return std::tuple(as_text(payload.metadata), as_text(payload.data));
}
auto fields(const SetupFrame& setup) {
  return std::tuple(setup.version_major, setup.version_minor, setup.keepalive_interval,
                    setup.lifetime_max, setup.lease, as_text(setup.resume_token),
                    setup.metadata_mime_type, setup.data_mime_type, fields(setup.payload));
}
auto fields(const LeaseFrame& lease) {
  return std::tuple(lease.time_to_live_ms, lease.requests, as_text(lease.metadata));
}
auto fields(const KeepaliveFrame& keepalive) {
  return std::tuple(keepalive.respond, keepalive.position, as_text(keepalive.data));
}
auto fields(const RequestResponseFrame& request) {
  return std::tuple(request.follows, fields(request.payload));
}
auto fields(const RequestFnfFrame& request) {
  return std::tuple(request.follows, fields(request.payload));
}
auto fields(const RequestStreamFrame& request) {
  return std::tuple(request.follows, request.initial_request_n, fields(request.payload));
}
auto fields(const RequestChannelFrame& request) {
  return std::tuple(request.follows, request.complete, request.initial_request_n,
                    fields(request.payload));
}
auto fields(const RequestNFrame& request) { return std::tuple(request.request_n); }
auto fields(const CancelFrame&) { return std::tuple(); }
auto fields(const PayloadFrame& frame) {
  return std::tuple(frame.follows, frame.complete, frame.next, fields(frame.payload));
}
auto fields(const ErrorFrame& error) { return std::tuple(error.code, error.message); }
auto fields(const MetadataPushFrame& push) { return std::tuple(as_text(push.metadata)); }
auto fields(const ResumeFrame& resume) {
  return std::tuple(resume.version_major, resume.version_minor, as_text(resume.token),
                    resume.last_received_server_position, resume.first_available_client_position);
}
auto fields(const ResumeOkFrame& resumed) {
  return std::tuple(resumed.last_received_client_position);
}
auto fields(const ExtensionFrame& extension) {
  return std::tuple(extension.ignore, extension.extended_type, fields(extension.payload));
}
auto fields(const IgnoredFrame& ignored) { return std::tuple(ignored.type); }

constexpr auto kNames = std::to_array<std::string_view>(
    {"SETUP", "LEASE", "KEEPALIVE", "REQUEST_RESPONSE", "REQUEST_FNF", "REQUEST_STREAM",
     "REQUEST_CHANNEL", "REQUEST_N", "CANCEL", "PAYLOAD", "ERROR", "METADATA_PUSH", "RESUME",
     "RESUME_OK", "EXT", "IGNORED"});
static_assert(kNames.size() == std::variant_size_v<FrameBody>);

// Prints the fields of a body, each with a space before it.
struct Printer {
  std::ostream& out;

  void flag(bool set, std::string_view name) const {
    if (set) out << ' ' << name;
  }
  void payload(const PayloadView& payload) const {
    out << " metadata=" << (payload.metadata ? payload.metadata->size() : 0)
        << " data=" << payload.data.size();
  }
  template <class Request>
  void request(const Request& request) const {
    flag(request.follows, "follows");
    payload(request.payload);
  }

  void operator()(const SetupFrame& setup) const {
    out << " version=" << setup.version_major << '.' << setup.version_minor
        << " keepalive=" << setup.keepalive_interval.count()
        << "ms lifetime=" << setup.lifetime_max.count() << "ms";
    flag(setup.lease, "lease");
    flag(setup.resume_token.has_value(), "resume");
    payload(setup.payload);
  }
  void operator()(const LeaseFrame& lease) const {
    out << " time_to_live=" << lease.time_to_live_ms << "ms requests=" << lease.requests
        << " metadata=" << (lease.metadata ? lease.metadata->size() : 0);
  }
  void operator()(const KeepaliveFrame& keepalive) const {
    flag(keepalive.respond, "respond");
    out << " position=" << keepalive.position << " data=" << keepalive.data.size();
  }
  void operator()(const RequestResponseFrame& frame) const { request(frame); }
  void operator()(const RequestFnfFrame& frame) const { request(frame); }
  void operator()(const RequestStreamFrame& frame) const {
    out << " n=" << frame.initial_request_n;
    request(frame);
  }
  void operator()(const RequestChannelFrame& frame) const {
    out << " n=" << frame.initial_request_n;
    flag(frame.complete, "complete");
    request(frame);
  }
  void operator()(const RequestNFrame& frame) const { out << " n=" << frame.request_n; }
  void operator()(const CancelFrame&) const {}
  void operator()(const PayloadFrame& frame) const {
    flag(frame.next, "next");
    flag(frame.complete, "complete");
    request(frame);
  }
  void operator()(const ErrorFrame& error) const {
    out << " code=" << error.code << " message=" << error.message.size();
  }
  void operator()(const MetadataPushFrame& push) const {
    out << " metadata=" << push.metadata.size();
  }
  void operator()(const ResumeFrame& resume) const {
    out << " version=" << resume.version_major << '.' << resume.version_minor
        << " server_position=" << resume.last_received_server_position
        << " client_position=" << resume.first_available_client_position;
  }
  void operator()(const ResumeOkFrame& resumed) const {
    out << " client_position=" << resumed.last_received_client_position;
  }
  void operator()(const ExtensionFrame& extension) const {
    out << " extended_type=" << extension.extended_type;
    flag(extension.ignore, "ignore");
    payload(extension.payload);
  }
  void operator()(const IgnoredFrame& ignored) const {
    out << " type=" << static_cast<unsigned>(ignored.type);
  }
};

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidSetup:
      return "INVALID_SETUP";
    case ErrorCode::kUnsupportedSetup:
      return "UNSUPPORTED_SETUP";
    case ErrorCode::kRejectedSetup:
      return "REJECTED_SETUP";
    case ErrorCode::kRejectedResume:
      return "REJECTED_RESUME";
    case ErrorCode::kConnectionError:
      return "CONNECTION_ERROR";
    case ErrorCode::kConnectionClose:
      return "CONNECTION_CLOSE";
    case ErrorCode::kApplicationError:
      return "APPLICATION_ERROR";
    case ErrorCode::kRejected:
      return "REJECTED";
    case ErrorCode::kCanceled:
      return "CANCELED";
    case ErrorCode::kInvalid:
      return "INVALID";
  }
  return {};
}

}  // namespace

bool operator==(const PayloadView& left, const PayloadView& right) {
  return fields(left) == fields(right);
}

bool operator==(const Frame& left, const Frame& right) {
  if (left.stream != right.stream || left.body.index() != right.body.index()) return false;
  return std::visit(
      [&right](const auto& body) {
        using Body = std::remove_cvref_t<decltype(body)>;
        return fields(body) == fields(std::get<Body>(right.body));
      },
      left.body);
}

std::ostream& operator<<(std::ostream& out, const Frame& frame) {
  out << kNames[frame.body.index()] << " stream=" << frame.stream;
  std::visit(Printer{out}, frame.body);
  return out;
}

std::ostream& operator<<(std::ostream& out, ErrorCode code) {
  const std::string_view name = name_of(code);
  if (!name.empty()) return out << name;
  out << "0x";
  const auto value = static_cast<std::uint32_t>(code);
  for (int shift = 28; shift >= 0; shift -= 4) {
    if (shift == 0 || value >> shift != 0) out << base::hex_digit(value >> shift & 0xFU);
  }
  return out;
}

}  // namespace prometheus_rsocket::rsocket
