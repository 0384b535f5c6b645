// The codec, the incremental reader and reassembly under arbitrary bytes: whatever decodes encodes
// to an equal frame, any split of a stream gives the same frames, skipping some of them changes no
// other, and reassembly stays in bounds.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "rsocket/fragment.h"
#include "rsocket/frame.h"
#include "rsocket/frame_reader.h"

namespace prometheus_rsocket::rsocket {
namespace {

constexpr std::size_t kPayloadBound = 4096;

void check_codec(ByteView bytes) {
  const auto frame = decode(bytes);
  if (!frame || std::holds_alternative<IgnoredFrame>(frame->body)) return;
  const Bytes encoded = encode(*frame);
  const auto again = decode(encoded);
  CHECK(again.has_value() && *again == *frame, "decode of encode is the frame");
}

struct Outcome {
  std::vector<Bytes> frames;
  bool failed = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

bool is_skipped(const FrameHeader& header) { return header.stream.value % 2 == 1; }

Outcome without_skipped(Outcome outcome) {
  std::erase_if(outcome.frames,
                [](const Bytes& frame) { return is_skipped(decode_header(frame).value()); });
  return outcome;
}

// Skips as soon as it can what is_skipped() names, if `skips`.
Outcome read(ByteView stream, std::size_t step, bool skips = false) {
  FrameReader reader;
  Outcome outcome;
  while (!stream.empty() && !outcome.failed) {
    const auto room = reader.prepare();
    CHECK(!room.empty(), "there is always room");
    const std::size_t count = std::min({room.size(), stream.size(), step});
    std::ranges::copy(stream.first(count), room.begin());
    reader.commit(count);
    stream = stream.subspan(count);
    for (;;) {
      const auto frame = reader.next();
      outcome.failed = frame.has_error();
      if (outcome.failed || !frame->has_value()) break;
      outcome.frames.push_back(base::copy(**frame));
    }
    if (outcome.failed || !skips) continue;
    const auto header = decode_header(reader.arriving());
    if (header && is_skipped(*header)) reader.skip();
  }
  return outcome;
}

void check_reassembly(const std::vector<Bytes>& frames) {
  Reassembler reassembler(kPayloadBound);
  base::Instant now{};
  for (const Bytes& bytes : frames) {
    now += 1s;
    const auto frame = decode(bytes);
    if (!frame) continue;
    const bool continues = std::holds_alternative<PayloadFrame>(frame->body);
    const bool follows = std::visit(
        [](const auto& body) {
          if constexpr (requires { body.follows; }) return body.follows;
          return false;
        },
        frame->body);
    const bool under_way = reassembler.contains(frame->stream);
    if (under_way ? !continues : !follows) continue;
    (void)reassembler.add(now, *frame);
    reassembler.release();
    CHECK(reassembler.buffered() <= kPayloadBound, "reassembly is bounded");
    (void)reassembler.expire(now);
  }
}

}  // namespace
}  // namespace prometheus_rsocket::rsocket

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace prometheus_rsocket::rsocket;
  const ByteView bytes = std::as_bytes(std::span(data, size));
  check_codec(bytes);
  const Outcome whole = read(bytes, size);
  CHECK(whole == read(bytes, 1) && whole == read(bytes, 7), "splits change nothing");
  const Outcome rest = without_skipped(whole);
  CHECK(rest == without_skipped(read(bytes, 1, true)) &&
            rest == without_skipped(read(bytes, 13, true)),
        "what is skipped changes nothing else");
  for (const Bytes& frame : whole.frames) check_codec(frame);
  check_reassembly(whole.frames);
  return 0;
}
