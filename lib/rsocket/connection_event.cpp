// How a Connection's events and errors read in logs and transcripts.
#include <ostream>

#include "rsocket/connection.h"

namespace prometheus_rsocket::rsocket {

namespace {

void print_payload(std::ostream& out, const PayloadView& payload) {
  if (payload.metadata) out << " metadata=" << payload.metadata->size();
  out << " data=" << payload.data.size();
}

struct Printer {
  std::ostream& out;

  void operator()(const SetupReceived& event) const {
    const auto lifetime =
        std::chrono::duration_cast<std::chrono::milliseconds>(event.settings.lifetime);
    out << "SetupReceived keepalive_ms=" << event.settings.keepalive_interval.count()
        << " lifetime_ms=" << lifetime.count();
    print_payload(out, event.payload);
  }
  void operator()(const Request& event) const {
    out << "Request stream=" << event.stream;
    print_payload(out, event.payload);
  }
  void operator()(const FireAndForget& event) const {
    out << "FireAndForget stream=" << event.stream;
    print_payload(out, event.payload);
  }
  void operator()(const RequestCancelled& event) const {
    out << "RequestCancelled stream=" << event.stream;
  }
  void operator()(const RequestAborted& event) const {
    out << "RequestAborted stream=" << event.stream << " reason=" << event.reason;
  }
  void operator()(const Response& event) const {
    out << "Response stream=" << event.stream;
    print_payload(out, event.payload);
  }
  void operator()(const ResponseError& event) const {
    out << "ResponseError stream=" << event.stream << " code=" << event.code
        << " text=" << event.text.size();
  }
  void operator()(const ResponseAborted& event) const {
    out << "ResponseAborted stream=" << event.stream << " reason=" << event.reason;
  }
  void operator()(const PeerError& event) const {
    out << "PeerError code=" << event.code << " text=" << event.text.size();
  }
  void operator()(const Closed& event) const { out << "Closed reason=" << event.reason; }
};

class CommandErrorCategory : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "rsocket command"; }

  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<CommandError>(value)) {
      case CommandError::kNotOpen:
        return "connection not open";
      case CommandError::kStreamIdsExhausted:
        return "stream ids exhausted";
      case CommandError::kPayloadTooLong:
        return "payload does not fit a frame";
      case CommandError::kUnknownStream:
        return "no such request waits for an answer";
    }
    return "unknown command error";
  }
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Event& event) {
  std::visit(Printer{out}, event);
  return out;
}

std::ostream& operator<<(std::ostream& out, AbortReason reason) {
  switch (reason) {
    case AbortReason::kPayloadTooLong:
      return out << "payload_too_long";
    case AbortReason::kTooSlow:
      return out << "too_slow";
    case AbortReason::kTooManyFragmented:
      return out << "too_many_fragmented";
    case AbortReason::kNoRoom:
      return out << "no_room";
  }
  return out << "unknown";
}

std::ostream& operator<<(std::ostream& out, CloseReason reason) {
  switch (reason) {
    case CloseReason::kCommand:
      return out << "command";
    case CloseReason::kStreamEnded:
      return out << "stream_ended";
    case CloseReason::kPeerError:
      return out << "peer_error";
    case CloseReason::kProtocolError:
      return out << "protocol_error";
    case CloseReason::kSetupRefused:
      return out << "setup_refused";
    case CloseReason::kFirstFrameTimeout:
      return out << "first_frame_timeout";
    case CloseReason::kLifetimeExpired:
      return out << "lifetime_expired";
  }
  return out << "unknown";
}

boost::system::error_code make_error_code(CommandError error) {
  static const CommandErrorCategory category;
  return {static_cast<int>(error), category};
}

}  // namespace prometheus_rsocket::rsocket
