// Fragmentation and bounded reassembly (RSocket 1.0, "Fragmentation and Reassembly").
//
// Sans-I/O. We fragment only when told a maximum frame size; Java never does. Fragments of
// different streams may interleave; those of one stream arrive in order, metadata before data.
#pragma once

#include <boost/system/result.hpp>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "rsocket/frame.h"
#include "rsocket/limits.h"

namespace prometheus_rsocket::rsocket {

// An owned payload.
struct Payload {
  std::optional<Bytes> metadata;
  Bytes data;

  [[nodiscard]] PayloadView view() const;
  [[nodiscard]] std::size_t size() const;
  friend bool operator==(const Payload&, const Payload&) = default;
};
[[nodiscard]] Payload to_owned(const PayloadView& payload);

// Splits a request or PAYLOAD frame (and no other type: CHECKed) into encoded frames of at most
// `frame_bytes_max` each: the first of the frame's own type, the others PAYLOAD with N; all but the
// last with F; the last carries the C (and, of a PAYLOAD, the N) of the original. REQUIRES:
// kFragmentBytesMin <= frame_bytes_max <= kFrameBytesMax, and a frame that is no fragment itself.
// A frame that fits comes back as one.
[[nodiscard]] std::vector<Bytes> fragment(const Frame& frame, std::size_t frame_bytes_max);

enum class ReassemblyError {
  kPayloadTooLong = 1,  // more than the bound given
  kNoProgress,          // no byte in a fragment that is not the last
  kTooManyStreams,      // more than kInboundStreamsMax payloads under way
};
[[nodiscard]] boost::system::error_code make_error_code(ReassemblyError error);

// Puts fragmented payloads together again. Bounded: bytes of all streams together, streams, time.
class Reassembler {
 public:
  explicit Reassembler(std::size_t payload_bytes_max = kPayloadBytesMax);

  // A frame as decode gave it whose `follows` is set, or the continuation of one that had it. Gives
  // the whole frame (its payload borrowed from the Reassembler until the next call) when this was
  // the last fragment, nothing while more must come. The first frame's type and fields are kept;
  // `complete` and `next` come from the last. An error forgets the stream's payload.
  // REQUIRES (CHECKed): contains(stream) and a PAYLOAD, or not contains(stream) and `follows`.
  [[nodiscard]] boost::system::result<std::optional<Frame>> add(base::Instant now,
                                                                const Frame& frame);

  // Whether a payload of this stream is under way, so that its next PAYLOAD belongs to add().
  [[nodiscard]] bool contains(StreamId stream) const;
  void forget(StreamId stream);

  // When the oldest unfinished payload is over its time (kReassemblyTime).
  [[nodiscard]] std::optional<base::Instant> next_timeout() const;
  // Streams whose payload is over its time; they are forgotten.
  [[nodiscard]] std::vector<StreamId> expire(base::Instant now);

  // Frees the last whole payload: the frame that add() gave is void.
  void release() { finished_ = {}; }
  // Frees everything.
  void clear();

  // Bytes held of all payloads, unfinished ones and the last whole one.
  [[nodiscard]] std::size_t buffered() const;

 private:
  struct Partial {
    Frame first;  // its payload is empty: what arrived is in `payload`
    Payload payload;
    base::Instant deadline;
  };

  std::size_t payload_bytes_max_;
  std::size_t buffered_ = 0;  // of partials_
  std::map<StreamId, Partial> partials_;
  Payload finished_;  // what the last whole frame borrows from
};

}  // namespace prometheus_rsocket::rsocket

template <>
struct boost::system::is_error_code_enum<prometheus_rsocket::rsocket::ReassemblyError>
    : std::true_type {};
