// One RSocket 1.0 connection as a state machine, for both roles: the client (agent) that dials and
// sends SETUP, the server (proxy) that accepts.
//
// Sans-I/O: frames and `now` in, frames and events out; no clock, no randomness, one thread at a
// time. The driver's loop:
//   1. feed what happened: handle_frame, handle_skipped_frame (wants_frame says when),
//      handle_timeout, handle_closed, handle_frame_error;
//   2. poll_event() until empty, acting by commands;
//   3. poll_frame() until empty, writing each; when should_close(), end the stream;
//   4. wait for the next of: bytes (only while wants_read()), next_timeout(), the write's end.
// A write that stalls is the driver's to end: only it sees the stream.
//
// Interactions served: request-response and fire-and-forget, either way. Never sent, because a peer
// known to us closes on it: LEASE, unknown types, F without N, KEEPALIVE with R by a server,
// PAYLOAD or ERROR on a stream that the peer did not open.
#pragma once

#include <boost/system/result.hpp>
#include <deque>
#include <iosfwd>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "base/time.h"
#include "rsocket/fragment.h"
#include "rsocket/frame.h"
#include "rsocket/limits.h"

namespace prometheus_rsocket::rsocket {

enum class Role { kClient, kServer };

enum class ConnectionState {
  kWaiting,  // client: connect() not called; server: no SETUP yet
  kOpen,
  kClosed,  // queued frames may still have to be written: see should_close()
};

// Limits start from limits.h. Config is CHECKed when the Connection is made.
struct ConnectionConfig {
  base::Duration first_frame_time = kFirstFrameTime;
  base::Duration lifetime_min = kLifetimeMin;  // a client's declared lifetime is clamped between
  base::Duration lifetime_max = kLifetimeMax;
  std::size_t inbound_streams_max = kInboundStreamsMax;
  std::size_t outbound_queue_bytes_max = kOutboundQueueBytesMax;
  std::size_t payload_bytes_max = kPayloadBytesMax;  // inbound: metadata and data together
  std::uint32_t keepalive_burst = kKeepaliveBurst;
  base::Duration keepalive_refill = kKeepaliveRefill;
  // Frames we send are cut to this many bytes; absent: never cut, as Java. >= kFragmentBytesMin.
  std::optional<std::size_t> fragment_bytes_max = std::nullopt;
  // Where our own stream ids begin; absent: 1 (client) or 2 (server). Of the role's parity.
  std::optional<StreamId> first_stream = std::nullopt;
};

// What a client declares in SETUP. The defaults are Micrometer's.
struct SetupConfig {
  std::chrono::milliseconds keepalive_interval{20'000};  // 1 … 2^31-1
  std::chrono::milliseconds lifetime_max{90'000};        // 1 … 2^31-1
  std::string metadata_mime_type = "application/binary";
  std::string data_mime_type = "application/binary";
  Payload payload = {};  // so that the frame stays under kSetupFrameBytesMax
};

// What holds since SETUP.
struct Settings {
  std::chrono::milliseconds keepalive_interval{};
  base::Duration lifetime{};  // after clamping
  std::string metadata_mime_type;
  std::string data_mime_type;
  friend bool operator==(const Settings&, const Settings&) = default;
};

// ---- Events. Payloads are borrowed: valid until poll_event() gives nothing, or the next handle_*.

struct SetupReceived {  // server only, once, first
  Settings settings;
  PayloadView payload;
  friend bool operator==(const SetupReceived&, const SetupReceived&) = default;
};
struct Request {  // answer it with respond() or respond_error()
  StreamId stream;
  PayloadView payload;
  friend bool operator==(const Request&, const Request&) = default;
};
struct FireAndForget {
  StreamId stream;
  PayloadView payload;
  friend bool operator==(const FireAndForget&, const FireAndForget&) = default;
};
// A request of the peer's was withdrawn by CANCEL; answering it is no longer possible.
struct RequestCancelled {
  StreamId stream;
  friend bool operator==(const RequestCancelled&, const RequestCancelled&) = default;
};
// What a request of the peer's carries was given up: before Request or FireAndForget came of it.
// The peer was told by ERROR 0x202 where it waits for an answer.
enum class AbortReason { kPayloadTooLong, kTooSlow, kTooManyFragmented, kNoRoom };
struct RequestAborted {
  StreamId stream;
  AbortReason reason{};
  friend bool operator==(const RequestAborted&, const RequestAborted&) = default;
};
// Exactly one of Response, ResponseError, ResponseAborted follows each request_response() that was
// neither cancelled nor ended by Closed. A bare completion is a Response with an empty payload.
struct Response {
  StreamId stream;
  PayloadView payload;
  friend bool operator==(const Response&, const Response&) = default;
};
struct ResponseError {
  StreamId stream;
  ErrorCode code{};
  std::string text;  // as it came: not checked to be UTF-8
  friend bool operator==(const ResponseError&, const ResponseError&) = default;
};
// We gave the reply up and sent CANCEL.
struct ResponseAborted {
  StreamId stream;
  AbortReason reason{};
  friend bool operator==(const ResponseAborted&, const ResponseAborted&) = default;
};
struct PeerError {  // ERROR on stream 0; Closed follows
  ErrorCode code{};
  std::string text;
  friend bool operator==(const PeerError&, const PeerError&) = default;
};
enum class CloseReason {
  kCommand,        // close() was called
  kStreamEnded,    // handle_closed
  kPeerError,      // the peer sent ERROR on stream 0
  kProtocolError,  // the peer broke the protocol or a limit; it was told by ERROR
  kSetupRefused,   // the first frame was not a SETUP that we serve; it was told by ERROR
  kFirstFrameTimeout,
  kLifetimeExpired,
};
struct Closed {  // once, last; open requests of either side are void
  CloseReason reason{};
  friend bool operator==(const Closed&, const Closed&) = default;
};

using Event = std::variant<SetupReceived, Request, FireAndForget, RequestCancelled, RequestAborted,
                           Response, ResponseError, ResponseAborted, PeerError, Closed>;
std::ostream& operator<<(std::ostream& out, const Event& event);
std::ostream& operator<<(std::ostream& out, AbortReason reason);
std::ostream& operator<<(std::ostream& out, CloseReason reason);

enum class CommandError {
  kNotOpen = 1,         // before SETUP, or after the end
  kStreamIdsExhausted,  // 2^31-1 is used up: the connection must be replaced
  kPayloadTooLong,      // it does not fit a frame, and fragment_bytes_max is not set
  kUnknownStream,       // no such request waits: it was cancelled, or has been answered
};
[[nodiscard]] boost::system::error_code make_error_code(CommandError error);

class Connection {
 public:
  // `start` is when the stream was accepted or dialled: handshakes count towards the first frame.
  Connection(Role role, const ConnectionConfig& config, base::Instant start);

  // ---- What happened. After the end all of these do nothing.

  // One whole frame without length prefix. REQUIRES: every event was polled; a client called
  // connect(). The events borrow from `frame`.
  void handle_frame(base::Instant now, ByteView frame);
  // handle_frame() for a frame whose body is thrown away: what its header alone asks for is done.
  // Where wants_frame() is true, the driver has no room for it, or no more patience (kTooSlow): a
  // reply is aborted for that reason, a request too, SETUP refused.
  void handle_skipped_frame(base::Instant now, const FrameHeader& header,
                            AbortReason reason = AbortReason::kNoRoom);
  // May come early or late. REQUIRES: time does not run backwards.
  void handle_timeout(base::Instant now);
  // The stream ended or broke: what is queued is dropped.
  void handle_closed(base::Instant now);
  // The framing below found no frame. The peer is told (0x101; before SETUP 0x1).
  void handle_frame_error(base::Instant now, boost::system::error_code error);

  // ---- Commands.

  // Client only, once, before anything else. Requests may follow at once.
  void connect(base::Instant now, const SetupConfig& setup);
  [[nodiscard]] boost::system::result<StreamId> request_response(const PayloadView& payload);
  [[nodiscard]] boost::system::result<StreamId> fire_and_forget(const PayloadView& payload);
  // After kPayloadTooLong the request still waits for an answer.
  [[nodiscard]] boost::system::result<void> respond(StreamId stream, const PayloadView& payload);
  // Text beyond what a control frame holds is cut off, between UTF-8 characters.
  [[nodiscard]] boost::system::result<void> respond_error(StreamId stream, ErrorCode code,
                                                          std::string_view text);
  // Withdraws a request of ours: no event of it will come. Unknown streams are ignored.
  void cancel(StreamId stream);
  // What is queued goes out first, then ERROR on stream 0, then should_close(). Repeated: ignored.
  void close(ErrorCode code, std::string_view text);

  // ---- Work for the driver.

  [[nodiscard]] std::optional<Event> poll_event();
  // The next encoded frame, without length prefix.
  [[nodiscard]] std::optional<Bytes> poll_frame();
  // Closed, and every queued frame was taken: end the stream once they are written.
  [[nodiscard]] bool should_close() const;

  // ---- Getters.

  [[nodiscard]] std::optional<base::Instant> next_timeout() const;
  // False while more than outbound_queue_bytes_max waits (a peer that floods without reading), and
  // after the end.
  [[nodiscard]] bool wants_read() const;
  // Whether to go on with a frame that has this header and of which `bytes` have come. False for
  // more than kUnaskedFrameBytesMax that nobody waits for, and at once for a first frame that is
  // neither SETUP nor RESUME: see handle_skipped_frame(). To be asked again as more comes: the
  // request that it answers may have been cancelled.
  [[nodiscard]] bool wants_frame(const FrameHeader& header, std::size_t bytes) const;
  // Held of fragmented payloads.
  [[nodiscard]] std::size_t buffered_bytes() const { return reassembler_.buffered(); }
  [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }
  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] ConnectionState state() const { return state_; }
  [[nodiscard]] const std::optional<Settings>& settings() const { return settings_; }
  [[nodiscard]] std::size_t inbound_streams() const { return inbound_.size(); }
  [[nodiscard]] std::size_t outbound_streams() const { return outbound_.size(); }

 private:
  enum class Inbound { kRequestArriving, kFnfArriving, kAwaitingReply };

  // connection_skip.cpp: headers without their bodies.
  [[nodiscard]] bool wants_body(const FrameHeader& header, std::size_t bytes) const;

  // connection_receive.cpp: one for each frame type that means something.
  void receive_first(base::Instant now, ByteView frame);
  void receive(base::Instant now, const Frame& frame);
  void receive_setup(base::Instant now, const SetupFrame& setup);
  void receive_keepalive(base::Instant now, const KeepaliveFrame& keepalive);
  void receive_request(base::Instant now, const Frame& frame);
  [[nodiscard]] bool admit_request(StreamId stream, FrameType type, bool follows);
  void receive_payload(base::Instant now, const Frame& frame);
  void receive_extension(bool ignore);
  void receive_error(StreamId stream, const ErrorFrame& error);
  void receive_cancel(StreamId stream);
  void reassemble(base::Instant now, const Frame& frame);
  void deliver_request(StreamId stream, const PayloadView& payload);
  void deliver_response(StreamId stream, const PayloadView& payload);
  void abort_payload(StreamId stream, AbortReason reason);
  [[nodiscard]] bool take_keepalive_token(base::Instant now);

  [[nodiscard]] boost::system::result<StreamId> open_stream(const PayloadView& payload);
  [[nodiscard]] bool sendable(const PayloadView& payload) const;
  void send(const Frame& frame);
  void send_error(StreamId stream, ErrorCode code, std::string_view text);
  void drop_queue();
  void end(CloseReason reason);
  void fail(CloseReason reason, ErrorCode code, std::string_view text);

  Role role_;
  ConnectionConfig config_;
  ConnectionState state_ = ConnectionState::kWaiting;
  std::optional<Settings> settings_;

  std::uint32_t next_stream_;
  std::map<StreamId, Inbound> inbound_;
  std::set<StreamId> outbound_;  // our requests that wait for a reply
  Reassembler reassembler_;

  std::optional<base::Instant> first_frame_deadline_;  // server, before SETUP
  std::optional<base::Instant> lifetime_deadline_;
  std::optional<base::Instant> next_keepalive_;  // client
  std::uint32_t keepalive_tokens_;
  base::Instant keepalive_refilled_;

  std::deque<Event> events_;
  std::deque<Bytes> queue_;
  std::size_t queued_bytes_ = 0;
};

}  // namespace prometheus_rsocket::rsocket

template <>
struct boost::system::is_error_code_enum<prometheus_rsocket::rsocket::CommandError>
    : std::true_type {};
