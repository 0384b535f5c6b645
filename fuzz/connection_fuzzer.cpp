// The connection state machine under arbitrary scripts: what a peer sends, how it is split, what
// the user commands, and how time passes. connection_rules.h says what must hold.
//
// The input: kHeaderBytes of configuration, then steps, each a byte that names it (modulo
// Step::kCount) and what it needs. README.md has the table; connection_corpus.py writes such
// scripts.
#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <vector>

#include "base/check.h"
#include "connection_rules.h"
#include "rsocket/connection.h"
#include "rsocket/frame_reader.h"
#include "script_input.h"

namespace prometheus_rsocket::rsocket {
namespace {

using fuzz::ScriptInput;

enum class Step : std::uint8_t {
  kRawFrame,  // bytes: as one frame
  kRawBytes,  // bytes: behind no length
  kFrame,     // made through encode()
  kRequestResponse,
  kFireAndForget,
  kRespond,
  kRespondError,
  kCancel,
  kClose,
  kPass,    // so much time
  kTimer,   // the next timeout comes, and a little more time; a request may be cancelled then
  kWrite,   // so many frames leave
  kNoRoom,  // for the body of the next long frame or fragment
  kSplit,   // how many bytes a read gives from now on
  kStreamEnds,
  kFrameError,
  kCount,
};

// Of a payload that a step makes: most of them short, the others up to a few KiB.
constexpr std::size_t payload_bytes(std::uint8_t code) {
  return code < 192 ? code : 192 + (std::size_t{code} - 192) * 64;
}
static_assert(payload_bytes(0xFF) > 2 * kUnaskedFrameBytesMax);

ConnectionConfig config_from(ScriptInput& input, Role role) {
  ConnectionConfig config;
  const std::uint8_t limits = input.byte();
  if ((limits & 1U) != 0) config.payload_bytes_max = 300;
  if ((limits & 2U) != 0) config.outbound_queue_bytes_max = 100;
  if ((limits & 4U) != 0) config.inbound_streams_max = 2;
  if ((limits & 8U) != 0) config.fragment_bytes_max = kFragmentBytesMin + (limits >> 4U);
  const std::uint8_t more = input.byte();
  if ((more & 1U) != 0) config.first_stream = StreamId{kU31Max - (role == Role::kClient ? 2 : 1)};
  if ((more & 2U) != 0) config.keepalive_burst = 2;
  return config;
}

class Driver {
 public:
  Driver(ScriptInput input, Role role)
      : input_(input),
        config_(config_from(input_, role)),
        is_framed_(input_.byte() % 2 == 0),
        connection_(role, config_, now_),
        sent_(role, config_.fragment_bytes_max),
        told_(role, config_) {
    if (role == Role::kServer) return;
    SetupConfig setup;
    setup.keepalive_interval = std::chrono::milliseconds(1 + input_.word());
    setup.lifetime_max = std::chrono::milliseconds(1 + input_.word());
    connection_.connect(now_, setup);
  }

  void run() {
    while (!input_.empty()) {
      step(static_cast<Step>(input_.byte() % static_cast<unsigned>(Step::kCount)));
      read();
      check_state();
    }
    end();
  }

 private:
  void step(Step what) {
    switch (what) {
      case Step::kRawFrame:
        return deliver(input_.bytes());
      case Step::kRawBytes:
        return append(input_.bytes());
      case Step::kFrame:
        return deliver(encode(frame()));
      case Step::kRequestResponse:
        return request_response();
      case Step::kFireAndForget:
        return fire_and_forget();
      case Step::kRespond:
        return respond();
      case Step::kRespondError:
        return respond_error();
      case Step::kCancel:
        return cancel(stream());
      case Step::kClose:
        return connection_.close(ErrorCode::kConnectionClose, "closed by the script");
      case Step::kPass:
        return pass(std::chrono::milliseconds(std::uint64_t{1} << input_.byte() % 22U));
      case Step::kTimer:
        return ring(input_.byte());
      case Step::kWrite:
        return write(input_.byte());
      case Step::kNoRoom:
        has_room_ = false;
        return;
      case Step::kSplit:
        read_bytes_ = 1 + input_.byte();
        return;
      case Step::kStreamEnds:
        return connection_.handle_closed(now_);
      case Step::kFrameError:
        take_events();
        return connection_.handle_frame_error(now_, make_error_code(FrameError::kFrameTooLong));
      case Step::kCount:
        break;
    }
  }

  // ---- What comes.

  void deliver(ByteView frame) {
    if (!is_framed_) {
      if (connection_.wants_read()) handle(frame);
      return;
    }
    std::array<std::byte, kLengthPrefixBytes> prefix{};
    encode_length_prefix(frame.size(), prefix);
    append(prefix);
    append(frame);
  }
  void append(ByteView bytes) { incoming_.insert(incoming_.end(), bytes.begin(), bytes.end()); }

  // As the driver of a stream does: while the connection wants it, frame by frame.
  void read() {
    take_events();
    while (is_framed_ && connection_.wants_read()) {
      const auto frame = reader_.next();
      if (frame.has_error()) {
        connection_.handle_frame_error(now_, frame.error());
      } else if (frame->has_value()) {
        handle(**frame);
      } else if (!skip_arriving() && !fill()) {
        return;
      }
      take_events();
    }
  }

  bool fill() {
    if (read_to_ == incoming_.size()) return false;
    const auto room = reader_.prepare();
    const std::size_t count = std::min({room.size(), read_bytes_, incoming_.size() - read_to_});
    std::copy_n(incoming_.begin() + static_cast<std::ptrdiff_t>(read_to_), count, room.begin());
    reader_.commit(count);
    read_to_ += count;
    return true;
  }

  [[nodiscard]] bool admits(const FrameHeader& header, std::size_t bytes) {
    if (!connection_.wants_frame(header, bytes)) return false;
    if (bytes <= kUnaskedFrameBytesMax && !is_fragment(header)) return true;
    return std::exchange(has_room_, true);
  }

  bool skip_arriving() {
    const auto header = decode_header(reader_.arriving());
    if (!header || admits(*header, reader_.arriving().size())) return false;
    reader_.skip();
    handle_skipped(*header);
    return true;
  }

  void handle(ByteView frame) {
    take_events();
    const auto header = decode_header(frame);
    if (header && !admits(*header, frame.size())) return handle_skipped(*header);
    if (header) count_request(*header);
    const std::size_t queued = connection_.queued_bytes();
    connection_.handle_frame(now_, frame);
    check_answer(queued);
  }

  void handle_skipped(const FrameHeader& header) {
    count_request(header);
    const std::size_t queued = connection_.queued_bytes();
    connection_.handle_skipped_frame(now_, header);
    check_answer(queued);
  }

  void count_request(const FrameHeader& header) {
    const auto type = static_cast<FrameType>(header.type);
    if (type == FrameType::kRequestResponse || type == FrameType::kRequestStream ||
        type == FrameType::kRequestChannel) {
      sent_.peer_asked(header.stream);
    }
  }

  // A frame draws one short frame at most: so the queue stays within its bound and that.
  void check_answer(std::size_t queued_before) const {
    CHECK(connection_.queued_bytes() <= queued_before + kControlFrameBytesMax,
          "one frame draws one short frame");
  }

  // A frame that encode() takes.
  Frame frame() {
    const std::uint8_t kind = input_.byte();
    switch (kind % 16U) {
      case 0:
        return {kConnectionStream, setup()};
      case 1:
        return {kConnectionStream, KeepaliveFrame{input_.byte() % 2 == 0, input_.word(), bytes()}};
      case 2:
        return {peer_stream(), RequestResponseFrame{is_set(kind), payload()}};
      case 3:
        return {peer_stream(), RequestFnfFrame{is_set(kind), payload()}};
      case 4:
        return {peer_stream(), RequestStreamFrame{is_set(kind), 1 + input_.word(), payload()}};
      case 5:
        return {peer_stream(), RequestChannelFrame{is_set(kind), false, 1, payload()}};
      case 6:
        return {stream_of_either(), RequestNFrame{1 + input_.word()}};
      case 7:
        return {stream_of_either(), CancelFrame{}};
      case 8:  // the whole of a reply
        return {stream(), PayloadFrame{false, true, is_set(kind), payload()}};
      case 9:
      case 10:  // a fragment, of a request or of a reply
        return {stream_of_either(), PayloadFrame{is_set(kind), false, true, payload()}};
      case 11:
        return {stream(), ErrorFrame{ErrorCode{input_.word()}, base::as_text(bytes())}};
      case 12:
        return {kConnectionStream, ErrorFrame{ErrorCode::kConnectionError, ""}};
      case 13:
        return {kConnectionStream, MetadataPushFrame{bytes()}};
      case 14:
        return {kConnectionStream, LeaseFrame{1, input_.word(), std::nullopt}};
      default:
        return {stream_of_either(), ExtensionFrame{is_set(kind), 1 + input_.word(), payload()}};
    }
  }

  static bool is_set(std::uint8_t kind) { return (kind & 0x80U) != 0; }

  SetupFrame setup() {
    SetupFrame frame;
    const std::uint8_t kind = input_.byte();
    frame.version_major = (kind & 1U) != 0 ? 2 : 1;
    frame.lease = (kind & 2U) != 0;
    if ((kind & 4U) != 0) frame.resume_token = base::as_bytes("token");
    frame.keepalive_interval = std::chrono::milliseconds(1 + input_.word());
    frame.lifetime_max = std::chrono::milliseconds(1 + 16 * input_.word());
    frame.payload = payload();
    return frame;
  }

  PayloadView payload() {
    const std::uint8_t kind = input_.byte();
    const std::size_t data = payload_bytes(input_.byte());
    PayloadView view{.metadata = std::nullopt, .data = filler().first(data)};
    if ((kind & 1U) != 0) view.metadata = filler().first(payload_bytes(input_.byte()));
    return view;
  }
  static ByteView filler() {
    static const Bytes bytes(payload_bytes(0xFF), std::byte{'x'});
    return bytes;
  }
  ByteView bytes() { return input_.bytes(); }

  StreamId stream_number(std::uint32_t parity) {
    const std::uint8_t code = input_.byte();
    if (code == 0xFF) return StreamId{kU31Max - 1 + parity};
    return StreamId{2U * (code % 64U) + (parity == 1 ? 1U : 2U)};
  }
  StreamId peer_stream() {  // sometimes of the wrong parity
    const bool is_wrong = input_.byte() == 0xFF;
    return stream_number((connection_.role() == Role::kServer) != is_wrong ? 1 : 0);
  }
  StreamId stream() {  // of ours, if there is one that waits
    if (told_.awaited().empty()) return stream_number(connection_.role() == Role::kClient ? 1 : 0);
    return nth(told_.awaited(), input_.byte());
  }
  StreamId stream_of_either() {
    return input_.byte() % 2 == 0 ? stream()
                                  : stream_number(connection_.role() == Role::kServer ? 1 : 0);
  }
  static StreamId nth(const std::set<StreamId>& from, std::size_t number) {
    return *std::next(from.begin(), static_cast<std::ptrdiff_t>(number % from.size()));
  }

  // ---- What the user does.

  void request_response() {
    const auto made = connection_.request_response(payload());
    CHECK(made.has_value() || connection_.state() != ConnectionState::kOpen ||
              made.error() == CommandError::kStreamIdsExhausted,
          "an open connection takes requests");
    if (made) told_.asked(*made);
  }
  void fire_and_forget() {
    const auto made = connection_.fire_and_forget(payload());
    CHECK(made.has_value() || connection_.state() != ConnectionState::kOpen ||
              made.error() == CommandError::kStreamIdsExhausted,
          "an open connection takes requests");
  }
  StreamId request_to_answer() {
    const std::uint8_t kind = input_.byte();
    const std::uint8_t which = input_.byte();
    if (told_.open().empty() || kind == 0xFF) return StreamId{1U + which};
    return nth(told_.open(), which);
  }
  void respond() {
    const StreamId to = request_to_answer();
    check_answered(to, connection_.respond(to, payload()));
  }
  void respond_error() {
    const StreamId to = request_to_answer();
    const std::string text(payload_bytes(input_.byte()), 'e');
    check_answered(to, connection_.respond_error(to, ErrorCode::kRejected, text));
  }
  void check_answered(StreamId to, const boost::system::result<void>& result) {
    const bool can = connection_.state() == ConnectionState::kOpen && told_.open().contains(to);
    CHECK(result.has_value() == can, "what was told and not withdrawn can be answered, once");
    if (result) told_.answered(to);
  }
  void cancel(StreamId which) {
    connection_.cancel(which);
    told_.cancelled(which);
  }

  // ---- Time, and what goes out.

  void pass(base::Duration time) {
    now_ += time;
    connection_.handle_timeout(now_);
    const auto next = connection_.next_timeout();
    CHECK(!next || *next > now_, "what was due has been done: no timer rings for ever");
  }

  void ring(std::uint8_t code) {
    if (const auto next = connection_.next_timeout()) now_ = std::max(now_, *next);
    pass(base::Duration(code % 128U));
    // Before the events were polled: none of this request may be among them any more.
    if (code >= 128 && !told_.awaited().empty()) cancel(nth(told_.awaited(), 0));
  }

  void write(std::size_t frames) {
    for (std::size_t i = 0; i < frames; ++i) {
      const auto bytes = connection_.poll_frame();
      if (!bytes) return;
      sent_.sent(*bytes);
    }
  }

  void take_events() {
    while (const auto event = connection_.poll_event()) told_.told(*event);
  }

  void check_state() const {
    CHECK(connection_.inbound_streams() <= config_.inbound_streams_max, "streams are bounded");
    CHECK(connection_.buffered_bytes() <= config_.payload_bytes_max, "reassembly is bounded");
    CHECK(connection_.outbound_streams() == told_.awaited().size() || told_.closed(),
          "who asked is answered, or waits");
    CHECK(told_.closed() == (connection_.state() == ConnectionState::kClosed), "Closed is told");
    if (!told_.closed()) return;
    CHECK(!connection_.wants_read() && !connection_.next_timeout(), "after the end nothing comes");
    CHECK(connection_.inbound_streams() == 0 && connection_.outbound_streams() == 0 &&
              connection_.buffered_bytes() == 0,
          "after the end nothing is held");
  }

  void end() {
    const bool was_closed = told_.closed();
    while (const auto bytes = connection_.poll_frame()) sent_.sent(*bytes);
    CHECK(connection_.queued_bytes() == 0, "what is queued is counted");
    CHECK(connection_.should_close() == was_closed, "closed and written: the stream is ended");
    connection_.handle_closed(now_);
    take_events();
    check_state();
    CHECK(told_.closed(), "Closed comes in every case");
  }

  ScriptInput input_;
  const ConnectionConfig config_;
  const bool is_framed_;  // as over TCP; else message by message
  base::Instant now_{};
  Connection connection_;
  SentRules sent_;
  ToldRules told_;
  FrameReader reader_;
  Bytes incoming_;
  std::size_t read_to_ = 0;  // what the reader has had of it
  std::size_t read_bytes_ = 4096;
  bool has_room_ = true;
};

}  // namespace
}  // namespace prometheus_rsocket::rsocket

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace prometheus_rsocket;
  fuzz::ScriptInput input(std::as_bytes(std::span(data, size)));
  const auto role = input.byte() % 2 == 0 ? rsocket::Role::kServer : rsocket::Role::kClient;
  rsocket::Driver(input, role).run();
  return 0;
}
