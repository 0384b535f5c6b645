// What must hold of any rsocket::Connection, whatever its peer and its user do: what it sends, what
// it tells, and what it holds. Each rule is a CHECK.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "base/check.h"
#include "rsocket/connection.h"
#include "rsocket/limits.h"

namespace prometheus_rsocket::rsocket {

// The least that rsocket-java takes as a fragment that is not the last: with its length in front.
inline constexpr std::size_t kJavaFragmentBytesMin = 61;

// The frames that a Connection queues, in order, as its peer sees them (wire-protocol.md, "Never
// send a Java client").
class SentRules {
 public:
  SentRules(Role role, std::optional<std::size_t> fragment_bytes_max)
      : role_(role), fragment_bytes_max_(fragment_bytes_max) {}

  // The peer's request was handed to the connection: it may be answered once.
  void peer_asked(StreamId stream) { ++answers_[stream]; }

  void sent(ByteView bytes) {
    CHECK(!ended_, "nothing follows ERROR on stream 0");
    const auto frame = decode(bytes);
    CHECK(frame.has_value(), "what is sent can be read");
    CHECK(is_first_ == std::holds_alternative<SetupFrame>(frame->body) || role_ == Role::kServer ||
              is_goodbye(*frame),
          "a client says SETUP first, and once");
    is_first_ = false;
    bytes_ = bytes.size();
    std::visit([&](const auto& body) { judge(frame->stream, body); }, frame->body);
  }

 private:
  static bool is_goodbye(const Frame& frame) {
    return std::holds_alternative<ErrorFrame>(frame.body) && frame.stream == kConnectionStream;
  }
  [[nodiscard]] bool is_ours(StreamId stream) const {
    return stream.value % 2 == (role_ == Role::kClient ? 1U : 0U);
  }

  void judge(StreamId, const SetupFrame& setup) {
    CHECK(role_ == Role::kClient, "only a client says SETUP");
    CHECK(!setup.lease && !setup.resume_token, "we neither lease nor resume");
  }
  void judge(StreamId, const KeepaliveFrame& keepalive) {
    CHECK(!keepalive.respond || role_ == Role::kClient, "a server never asks for a KEEPALIVE");
  }
  void judge(StreamId stream, const RequestResponseFrame& request) {
    begin_request(stream, request.follows);
    awaited_.insert(stream);
  }
  void judge(StreamId stream, const RequestFnfFrame& request) {
    begin_request(stream, request.follows);
  }
  void judge(StreamId stream, const PayloadFrame& payload) {
    judge_fragment(payload.follows);
    CHECK(payload.next, "a fragment always has N, and so has every reply of ours");
    if (requests_under_way_.contains(stream)) {
      if (!payload.follows) requests_under_way_.erase(stream);
      return;
    }
    if (!replies_under_way_.contains(stream)) take_answer(stream);
    if (payload.follows) {
      replies_under_way_.insert(stream);
    } else {
      CHECK(payload.complete, "a reply is one payload");
      replies_under_way_.erase(stream);
    }
  }
  void judge(StreamId stream, const ErrorFrame& error) {
    CHECK(error.message.size() <= kControlFrameBytesMax, "an ERROR is short");
    if (stream == kConnectionStream) {
      ended_ = true;
    } else {
      CHECK(!replies_under_way_.contains(stream), "a reply that was begun is ended");
      take_answer(stream);
    }
  }
  void judge(StreamId stream, const CancelFrame&) {
    CHECK(awaited_.erase(stream) == 1, "CANCEL is of a request of ours, once");
  }
  template <class Other>
  void judge(StreamId, const Other&) {
    CHECK(false, "a frame of this type is never sent");
  }

  void begin_request(StreamId stream, bool follows) {
    CHECK(is_ours(stream) && stream.value > last_stream_, "our stream ids rise, of our parity");
    last_stream_ = stream.value;
    judge_fragment(follows);
    if (follows) requests_under_way_.insert(stream);
  }
  void judge_fragment(bool follows) const {
    CHECK(!fragment_bytes_max_ || bytes_ <= *fragment_bytes_max_, "a frame is cut to its size");
    CHECK(!follows || (fragment_bytes_max_ && bytes_ >= kJavaFragmentBytesMin),
          "a fragment is long enough, and there is one only where fragments are wanted");
  }
  void take_answer(StreamId stream) {
    CHECK(!is_ours(stream), "only the peer's requests are answered");
    const auto asked = answers_.find(stream);
    CHECK(asked != answers_.end() && asked->second > 0, "a request is answered once");
    --asked->second;
  }

  Role role_;
  std::optional<std::size_t> fragment_bytes_max_;
  std::size_t bytes_ = 0;  // of the frame in hand
  bool is_first_ = true;
  bool ended_ = false;
  std::uint32_t last_stream_ = 0;
  std::set<StreamId> awaited_;             // requests of ours that may be cancelled
  std::set<StreamId> requests_under_way_;  // whose last fragment is still to come
  std::set<StreamId> replies_under_way_;
  std::map<StreamId, int> answers_;  // that the peer's requests still allow
};

// The events that a Connection gives out, in order.
class ToldRules {
 public:
  ToldRules(Role role, const ConnectionConfig& config) : role_(role), config_(config) {}

  void told(const Event& event) {
    CHECK(!closed_, "Closed is the last event");
    CHECK(!peer_error_ || std::holds_alternative<Closed>(event), "Closed follows PeerError");
    CHECK(role_ == Role::kClient || is_set_up_ || std::holds_alternative<SetupReceived>(event) ||
              std::holds_alternative<Closed>(event),
          "a server is told of SETUP first");
    std::visit([this](const auto& one) { judge(one); }, event);
  }

  // Requests of ours, as their commands succeed.
  void asked(StreamId stream) { CHECK(asked_.insert(stream).second, "a stream id is used once"); }
  void cancelled(StreamId stream) { asked_.erase(stream); }
  void answered(StreamId stream) { CHECK(open_.erase(stream) == 1, "an open request is answered"); }

  [[nodiscard]] const std::set<StreamId>& open() const { return open_; }  // the peer's
  [[nodiscard]] const std::set<StreamId>& awaited() const { return asked_; }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  void judge(const SetupReceived&) {
    CHECK(role_ == Role::kServer && !is_set_up_, "SETUP is told to a server, once");
    is_set_up_ = true;
  }
  void judge(const Request& request) {
    judge_inbound(request.stream, request.payload);
    CHECK(open_.insert(request.stream).second, "a request under way is not told again");
    CHECK(open_.size() <= config_.inbound_streams_max, "so many requests at most");
  }
  void judge(const FireAndForget& fnf) { judge_inbound(fnf.stream, fnf.payload); }
  void judge(const RequestCancelled& cancelled) {
    CHECK(open_.erase(cancelled.stream) == 1, "an open request is withdrawn");
  }
  void judge(const RequestAborted& aborted) {
    judge_peers(aborted.stream);
    CHECK(!open_.contains(aborted.stream), "what was told is not given up");
  }
  void judge(const Response& response) {
    judge_size(response.payload);
    answer(response.stream);
  }
  void judge(const ResponseError& error) { answer(error.stream); }
  void judge(const ResponseAborted& aborted) { answer(aborted.stream); }
  void judge(const PeerError&) { peer_error_ = true; }
  void judge(const Closed&) { closed_ = true; }

  void answer(StreamId stream) {
    CHECK(asked_.erase(stream) == 1, "a request of ours has one answer, and none once cancelled");
  }
  void judge_inbound(StreamId stream, const PayloadView& payload) {
    judge_peers(stream);
    judge_size(payload);
  }
  void judge_peers(StreamId stream) const {
    CHECK(stream.value % 2 == (role_ == Role::kServer ? 1U : 0U), "of the peer's parity");
  }
  void judge_size(const PayloadView& payload) const {
    const std::size_t metadata = payload.metadata ? payload.metadata->size() : 0;
    CHECK(metadata + payload.data.size() <= config_.payload_bytes_max, "a payload is bounded");
  }

  Role role_;
  ConnectionConfig config_;
  bool is_set_up_ = false;
  bool peer_error_ = false;
  bool closed_ = false;
  std::set<StreamId> open_;
  std::set<StreamId> asked_;
};

}  // namespace prometheus_rsocket::rsocket
