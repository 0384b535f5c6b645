// What the RSocket core costs: encoding and decoding each frame that travels, cutting a byte stream
// into frames, and putting fragments together again. Bytes are those on the wire; items are frames.
//
//   build/release/bench/frame_bench
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "rsocket/fragment.h"
#include "rsocket/frame.h"
#include "rsocket/frame_reader.h"
#include "rsocket/limits.h"

namespace prometheus_rsocket::rsocket {
namespace {

constexpr std::size_t kKeyBytes = 294;      // an RSA-2048 public key in DER: what a request carries
constexpr std::size_t kWrappedBytes = 256;  // a wrapped AES key: the metadata of a reply
constexpr std::size_t kReplyBytes = std::size_t{16} * 1024;  // about 1,000 series, sealed

void count(benchmark::State& state, std::size_t bytes, std::size_t frames) {
  const auto iterations = static_cast<std::int64_t>(state.iterations());
  state.SetBytesProcessed(iterations * static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(iterations * static_cast<std::int64_t>(frames));
}

// The frames of a connection's life, each under the name that the report shows. Their payloads are
// borrowed from constants that live as long as the program.
std::vector<std::pair<std::string, Frame>> frames() {
  static const Bytes key(kKeyBytes);
  static const Bytes wrapped(kWrappedBytes);
  static const Bytes reply(kReplyBytes);
  constexpr StreamId kStream{4};
  SetupFrame setup;
  setup.keepalive_interval = std::chrono::seconds(20);
  setup.lifetime_max = std::chrono::seconds(90);
  setup.metadata_mime_type = "application/binary";
  setup.data_mime_type = "application/binary";
  const PayloadView asked{.metadata = std::nullopt, .data = key};
  const PayloadView small{.metadata = std::nullopt, .data = ByteView(key).first(32)};
  const PayloadView sealed{.metadata = wrapped, .data = reply};
  return {
      {"setup", {kConnectionStream, setup}},
      {"keepalive",
       {kConnectionStream, KeepaliveFrame{.respond = true, .position = 0, .data = {}}}},
      {"request_response", {kStream, RequestResponseFrame{.payload = asked}}},
      {"request_fnf", {kStream, RequestFnfFrame{.payload = asked}}},
      {"request_n", {kStream, RequestNFrame{}}},
      {"cancel", {kStream, CancelFrame{}}},
      {"error", {kStream, ErrorFrame{.code = ErrorCode::kInvalid, .message = "not valid"}}},
      {"payload_small", {kStream, PayloadFrame{.complete = true, .next = true, .payload = small}}},
      {"payload_16KiB", {kStream, PayloadFrame{.complete = true, .next = true, .payload = sealed}}},
  };
}

void encode_frame(benchmark::State& state, const Frame& frame) {
  Bytes buffer(encoded_size(frame));
  for (auto _ : state) {
    benchmark::DoNotOptimize(encode(frame, buffer));
    benchmark::ClobberMemory();
  }
  count(state, buffer.size(), 1);
}

void decode_frame(benchmark::State& state, const Frame& frame) {
  Bytes encoded = encode(frame);
  for (auto _ : state) {
    benchmark::DoNotOptimize(encoded.data());
    benchmark::ClobberMemory();
    const auto decoded = decode(encoded);
    CHECK(decoded.has_value(), "what was encoded is a frame");
    benchmark::DoNotOptimize(&*decoded);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}

void append(Bytes& stream, ByteView frame) {
  const std::size_t begin = stream.size();
  stream.resize(begin + kLengthPrefixBytes + frame.size());
  const std::span<std::byte> to = std::span(stream).subspan(begin);
  encode_length_prefix(frame.size(), to.first<kLengthPrefixBytes>());
  std::ranges::copy(frame, to.subspan(kLengthPrefixBytes).begin());
}

// A stream as a busy client sends it, about 4 MiB: equal PAYLOAD frames of `frame_bytes` each.
std::pair<Bytes, std::size_t> long_stream(std::size_t frame_bytes) {
  constexpr std::size_t kStreamBytes = std::size_t{4} << 20;
  const Bytes data(frame_bytes - kFrameHeaderBytes);
  const Bytes frame = encode({StreamId{4}, PayloadFrame{.next = true, .payload = {{}, data}}});
  Bytes stream;
  std::size_t frame_count = 0;
  for (; stream.size() < kStreamBytes; ++frame_count) append(stream, frame);
  return {std::move(stream), frame_count};
}

// Takes `stream` as TcpFrameChannel does: each read gives what there is room for, at most
// `read_bytes_max`, copied as the system would.
struct Taken {
  std::size_t frames = 0;
  std::size_t reads = 0;
};
Taken take(FrameReader& reader, ByteView stream, std::size_t read_bytes_max) {
  Taken taken;
  while (!stream.empty()) {
    const std::span<std::byte> room = reader.prepare();
    const std::size_t size = std::min({room.size(), stream.size(), read_bytes_max});
    std::ranges::copy(stream.first(size), room.begin());
    stream = stream.subspan(size);
    reader.commit(size);
    ++taken.reads;
    for (auto frame = reader.next(); frame && *frame; frame = reader.next()) ++taken.frames;
  }
  return taken;
}

void read_stream(benchmark::State& state) {
  const auto [stream, frame_count] = long_stream(static_cast<std::size_t>(state.range(0)));
  const auto read_bytes_max = static_cast<std::size_t>(state.range(1));
  FrameReader reader;
  Taken taken;
  for (auto _ : state) {
    taken = take(reader, stream, read_bytes_max);
    CHECK(taken.frames == frame_count, "every frame of the stream is found");
  }
  count(state, stream.size(), frame_count);
  state.counters["reads/frame"] =
      static_cast<double>(taken.reads) / static_cast<double>(frame_count);
}

// A reply to each scrape: one frame, wholly there, after a time of nothing.
void read_one_reply(benchmark::State& state) {
  const Bytes data(kReplyBytes);
  const PayloadView payload{.metadata = std::nullopt, .data = data};
  Bytes stream;
  append(stream,
         encode({StreamId{4}, PayloadFrame{.complete = true, .next = true, .payload = payload}}));
  FrameReader reader;
  Taken taken;
  for (auto _ : state) {
    static_cast<void>(reader.prepare());  // as the session does while it waits
    taken = take(reader, stream, stream.size());
    CHECK(taken.frames == 1, "the reply is whole");
  }
  count(state, stream.size(), 1);
  state.counters["reads/frame"] = static_cast<double>(taken.reads);
}

// A payload of 1 MiB that came in fragments of range(0) bytes: decoding and putting together.
void reassemble(benchmark::State& state) {
  const Bytes data(std::size_t{1} << 20);
  const std::vector<Bytes> fragments =
      fragment({StreamId{4}, PayloadFrame{.complete = true, .next = true, .payload = {{}, data}}},
               static_cast<std::size_t>(state.range(0)));
  std::size_t bytes = 0;
  for (const Bytes& one : fragments) bytes += one.size();
  Reassembler reassembler;
  for (auto _ : state) {
    bool whole = false;
    for (const Bytes& one : fragments) {
      const auto frame = decode(one);
      CHECK(frame.has_value(), "a fragment is a frame");
      const auto added = reassembler.add(base::Instant{}, *frame);
      CHECK(added.has_value(), "it stays within the limits");
      whole = added->has_value();
    }
    CHECK(whole, "the last fragment makes it whole");
  }
  count(state, bytes, fragments.size());
}

BENCHMARK(read_stream)
    ->ArgNames({"frame", "read"})
    ->ArgsProduct({{64, 1024, 16 * 1024}, {512, 1448, 16 * 1024, 64 * 1024}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(read_one_reply)->Unit(benchmark::kMicrosecond);
BENCHMARK(reassemble)
    ->ArgName("fragment")
    ->Arg(64)
    ->Arg(1024)
    ->Arg(16 * 1024)
    ->Unit(benchmark::kMicrosecond);

// Registered here rather than by macros: one pair for each kind of frame.
const bool kRegistered = [] {
  for (const auto& [name, frame] : frames()) {
    benchmark::RegisterBenchmark(("encode/" + name).c_str(), encode_frame, frame);
    benchmark::RegisterBenchmark(("decode/" + name).c_str(), decode_frame, frame);
  }
  return true;
}();

}  // namespace
}  // namespace prometheus_rsocket::rsocket
