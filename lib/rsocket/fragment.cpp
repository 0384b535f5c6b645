#include "rsocket/fragment.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"

namespace prometheus_rsocket::rsocket {

namespace {

constexpr std::size_t kMetadataLengthBytes = 3;

template <class Body>
concept Fragmentable = requires(Body body) {
  body.follows;
  body.payload;
};

template <class Body>
concept Completable = requires(Body body) {
  body.complete;
};

// The payload of a body that can be fragmented, or null for the other types.
PayloadView* payload_of(Frame& frame) {
  return std::visit(
      [](auto& body) -> PayloadView* {
        if constexpr (Fragmentable<std::remove_cvref_t<decltype(body)>>) return &body.payload;
        return nullptr;
      },
      frame.body);
}

const PayloadView* payload_of(const Frame& frame) {
  return std::visit(
      [](const auto& body) -> const PayloadView* {
        if constexpr (Fragmentable<std::remove_cvref_t<decltype(body)>>) return &body.payload;
        return nullptr;
      },
      frame.body);
}

bool follows(const Frame& frame) {
  return std::visit(
      [](const auto& body) {
        if constexpr (Fragmentable<std::remove_cvref_t<decltype(body)>>) return body.follows;
        return false;
      },
      frame.body);
}

void set_follows(Frame& frame, bool value) {
  std::visit(
      [value](auto& body) {
        if constexpr (Fragmentable<std::remove_cvref_t<decltype(body)>>) body.follows = value;
      },
      frame.body);
}

bool complete(const Frame& frame) {
  return std::visit(
      [](const auto& body) {
        if constexpr (Completable<std::remove_cvref_t<decltype(body)>>) return body.complete;
        return false;
      },
      frame.body);
}

void set_complete(Frame& frame, bool value) {
  std::visit(
      [value](auto& body) {
        if constexpr (Completable<std::remove_cvref_t<decltype(body)>>) body.complete = value;
      },
      frame.body);
}

std::size_t size_of(const PayloadView& payload) {
  return (payload.metadata ? payload.metadata->size() : 0) + payload.data.size();
}

bool fits(std::size_t overhead_bytes, const PayloadView& payload, std::size_t frame_bytes_max) {
  const std::size_t metadata_length = payload.metadata ? kMetadataLengthBytes : 0;
  return overhead_bytes + metadata_length + size_of(payload) <= frame_bytes_max;
}

// Cuts what fills `room` bytes from the front of `rest`: metadata first.
PayloadView cut(PayloadView& rest, std::size_t room) {
  PayloadView piece;
  if (rest.metadata) {
    room -= kMetadataLengthBytes;
    const std::size_t bytes = std::min(room, rest.metadata->size());
    piece.metadata = rest.metadata->first(bytes);
    room -= bytes;
    rest.metadata = rest.metadata->subspan(bytes);
    if (rest.metadata->empty()) rest.metadata.reset();
  }
  const std::size_t bytes = std::min(room, rest.data.size());
  piece.data = rest.data.first(bytes);
  rest.data = rest.data.subspan(bytes);
  return piece;
}

void append(Payload& payload, const PayloadView& more) {
  if (more.metadata) {
    if (!payload.metadata) payload.metadata.emplace();
    payload.metadata->insert(payload.metadata->end(), more.metadata->begin(), more.metadata->end());
  }
  payload.data.insert(payload.data.end(), more.data.begin(), more.data.end());
}

class ReassemblyErrorCategory : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "rsocket reassembly"; }

  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<ReassemblyError>(value)) {
      case ReassemblyError::kPayloadTooLong:
        return "fragmented payload too long";
      case ReassemblyError::kNoProgress:
        return "fragment with neither metadata nor data";
      case ReassemblyError::kTooManyStreams:
        return "too many fragmented payloads under way";
    }
    return "unknown reassembly error";
  }
};

}  // namespace

PayloadView Payload::view() const {
  PayloadView view{.metadata = std::nullopt, .data = data};
  if (metadata) view.metadata = ByteView(*metadata);
  return view;
}

std::size_t Payload::size() const { return (metadata ? metadata->size() : 0) + data.size(); }

Payload to_owned(const PayloadView& payload) {
  Payload owned;
  append(owned, payload);
  return owned;
}

std::vector<Bytes> fragment(const Frame& frame, std::size_t frame_bytes_max) {
  CHECK(kFragmentBytesMin <= frame_bytes_max && frame_bytes_max <= kFrameBytesMax,
        "a frame size that peers accept");
  Frame first = frame;
  PayloadView* const payload = payload_of(first);
  CHECK(payload != nullptr, "only requests and PAYLOAD can be fragmented");
  CHECK(!follows(frame), "a fragment is not fragmented again");

  PayloadView rest = std::exchange(*payload, PayloadView{});
  const std::size_t first_overhead = encoded_size(first);
  if (fits(first_overhead, rest, frame_bytes_max)) return {encode(frame)};

  set_follows(first, true);
  set_complete(first, false);
  PayloadFrame continuation{.follows = true, .complete = false, .next = true, .payload = {}};
  PayloadFrame last{.follows = false, .complete = complete(frame), .next = true, .payload = {}};
  if (auto* body = std::get_if<PayloadFrame>(&first.body)) {
    last.next = body->next;
    body->next = true;
  }

  *payload = cut(rest, frame_bytes_max - first_overhead);
  std::vector<Bytes> fragments{encode(first)};
  while (!fits(kFrameHeaderBytes, rest, frame_bytes_max)) {
    continuation.payload = cut(rest, frame_bytes_max - kFrameHeaderBytes);
    fragments.push_back(encode(Frame{frame.stream, continuation}));
  }
  last.payload = rest;
  fragments.push_back(encode(Frame{frame.stream, last}));
  return fragments;
}

boost::system::error_code make_error_code(ReassemblyError error) {
  static const ReassemblyErrorCategory category;
  return {static_cast<int>(error), category};
}

Reassembler::Reassembler(std::size_t payload_bytes_max) : payload_bytes_max_(payload_bytes_max) {}

boost::system::result<std::optional<Frame>> Reassembler::add(base::Instant now,
                                                             const Frame& frame) {
  const PayloadView* const piece = payload_of(frame);
  CHECK(piece != nullptr, "only requests and PAYLOAD are fragmented");
  auto partial = partials_.find(frame.stream);
  const auto refuse = [&](ReassemblyError error) {
    forget(frame.stream);
    return error;
  };
  if (follows(frame) && size_of(*piece) == 0) return refuse(ReassemblyError::kNoProgress);
  if (size_of(*piece) > payload_bytes_max_ - buffered_ &&
      !base::is_mutant(base::Mutant::kUnboundedReassembly)) {
    return refuse(ReassemblyError::kPayloadTooLong);
  }
  if (partial == partials_.end()) {
    CHECK(follows(frame), "a payload under way, or the first fragment of one");
    if (partials_.size() >= kInboundStreamsMax) return ReassemblyError::kTooManyStreams;
    Frame first = frame;
    *payload_of(first) = PayloadView{};
    set_follows(first, false);
    partial = partials_.emplace(frame.stream, Partial{first, {}, now + kReassemblyTime}).first;
  } else {
    CHECK(std::holds_alternative<PayloadFrame>(frame.body), "a payload is continued by PAYLOAD");
  }
  append(partial->second.payload, *piece);
  buffered_ += size_of(*piece);
  if (follows(frame)) return std::nullopt;

  Frame whole = partial->second.first;
  finished_ = std::move(partial->second.payload);
  buffered_ -= finished_.size();
  partials_.erase(partial);
  set_complete(whole, complete(frame));
  if (auto* body = std::get_if<PayloadFrame>(&whole.body)) {
    body->next = std::get<PayloadFrame>(frame.body).next;
  }
  *payload_of(whole) = finished_.view();
  return whole;
}

bool Reassembler::contains(StreamId stream) const { return partials_.contains(stream); }

void Reassembler::forget(StreamId stream) {
  const auto partial = partials_.find(stream);
  if (partial == partials_.end()) return;
  buffered_ -= partial->second.payload.size();
  partials_.erase(partial);
}

std::optional<base::Instant> Reassembler::next_timeout() const {
  std::optional<base::Instant> earliest;
  for (const auto& [stream, partial] : partials_) {
    if (!earliest || partial.deadline < *earliest) earliest = partial.deadline;
  }
  return earliest;
}

std::vector<StreamId> Reassembler::expire(base::Instant now) {
  std::vector<StreamId> expired;
  for (const auto& [stream, partial] : partials_) {
    if (partial.deadline <= now) expired.push_back(stream);
  }
  for (const StreamId stream : expired) forget(stream);
  return expired;
}

void Reassembler::clear() {
  release();
  partials_.clear();
  buffered_ = 0;
}

std::size_t Reassembler::buffered() const { return buffered_ + finished_.size(); }

}  // namespace prometheus_rsocket::rsocket
