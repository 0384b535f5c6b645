#include "sim/actor/attack.h"

#include <iterator>
#include <utility>

#include "sim/peer/rsocket_bytes.h"

namespace prometheus_rsocket::sim::actor {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using base::as_bytes;
using peer::framed;
using rsocket::kConnectionStream;
using rsocket::StreamId;

constexpr StreamId kLastStream{0x7FFF'FFFF};

std::string frame(StreamId stream, rsocket::FrameBody body) {
  return framed(rsocket::Frame{stream, std::move(body)});
}

std::string setup() { return frame(kConnectionStream, peer::setup_frame()); }

std::vector<AttackStep> byte_by_byte(std::string_view bytes, base::Duration gap) {
  std::vector<AttackStep> steps;
  for (const char byte : bytes) steps.push_back({std::string(1, byte), 1, gap});
  return steps;
}

std::string fragment(StreamId stream, std::string_view data) {
  return frame(stream, rsocket::PayloadFrame{.follows = true,
                                             .complete = false,
                                             .next = true,
                                             .payload = {std::nullopt, as_bytes(data)}});
}

std::string interleaved_fragments() {
  std::string bytes;
  const std::string data(512, 'f');
  for (std::uint32_t stream = 1; stream < 64; stream += 2) {
    bytes += frame(StreamId{stream}, rsocket::RequestFnfFrame{true, {{}, as_bytes(data)}});
  }
  for (unsigned round = 0; round < 4; ++round) {
    for (std::uint32_t stream = 1; stream < 64; stream += 2) {
      bytes += fragment(StreamId{stream}, data);
    }
  }
  return bytes;
}

std::string unknown_streams() {
  std::string bytes;
  for (std::uint32_t stream = 1001; stream < 1101; ++stream) {
    const StreamId id{stream};
    bytes += frame(id, rsocket::CancelFrame{});
    bytes += frame(id, rsocket::ErrorFrame{rsocket::ErrorCode::kApplicationError, "no such"});
    bytes += frame(
        id, rsocket::PayloadFrame{.follows = false, .complete = true, .next = true, .payload = {}});
  }
  return bytes;
}

std::string ignorable_frames() {
  std::string bytes;
  for (unsigned i = 0; i < 100; ++i) {
    bytes += frame(kConnectionStream, rsocket::MetadataPushFrame{as_bytes("anything")});
    bytes += frame(kConnectionStream, rsocket::LeaseFrame{1000, 1, std::nullopt});
    bytes += frame(kConnectionStream, rsocket::ExtensionFrame{true, 7, {}});
  }
  return bytes;
}

std::string requests_of_all_kinds() {
  std::string bytes;
  for (std::uint32_t stream = 1; stream < 200; stream += 4) {
    bytes += frame(StreamId{stream}, rsocket::RequestStreamFrame{false, 1, {}});
    bytes += frame(StreamId{stream + 2}, rsocket::RequestChannelFrame{false, false, 1, {}});
  }
  return bytes;
}

}  // namespace

std::vector<Attack> attacks_by_themselves() {
  const std::string keepalive = frame(kConnectionStream, rsocket::KeepaliveFrame{true, 0, {}});
  const std::string data(1024, 'd');
  // As much as is answered: it fills every buffer of a peer that does not read.
  rsocket::SetupFrame frequent = peer::setup_frame();
  frequent.keepalive_interval = 50ms;
  const std::string large_keepalive =
      frame(kConnectionStream, rsocket::KeepaliveFrame{true, 0, as_bytes(data).first(1000)});
  rsocket::SetupFrame resuming = peer::setup_frame();
  resuming.resume_token = as_bytes("token");
  const rsocket::PayloadView garbage{as_bytes("garbage"), as_bytes(data)};
  return {
      {.name = "http", .steps = {{"GET / HTTP/1.1\r\nHost: proxy\r\n\r\n"}}},
      {.name = "tls",
       .steps = {{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s + std::string(512, 'r')}}},
      {.name = "claim_of_16_mib_first", .steps = {{"\xff\xff\xff"}}},
      {.name = "claim_of_16_mib_after_setup",
       .steps = {{setup() + "\xff\xff\xff\0\0\0\2\x28\x60"s}}},
      {.name = "byte_a_second", .steps = byte_by_byte(setup() + keepalive, 1s)},
      {.name = "silence", .steps = {{""}}},
      {.name = "silence_after_setup", .steps = {{setup()}}, .stays = 2h},
      {.name = "setup_twice", .steps = {{setup() + setup(), 3, 1s}}},
      {.name = "setup_to_resume", .steps = {{frame(kConnectionStream, resuming)}}},
      {.name = "requests_with_setup",
       .steps = {{setup() + frame(StreamId{1}, rsocket::RequestFnfFrame{false, garbage}) +
                  frame(StreamId{3}, rsocket::RequestResponseFrame{false, garbage})}}},
      {.name = "even_stream",
       .steps = {{setup() + frame(StreamId{2}, rsocket::RequestFnfFrame{false, garbage})}}},
      {.name = "last_stream",
       .steps = {{setup() + frame(kLastStream, rsocket::RequestResponseFrame{false, garbage})}}},
      {.name = "unserved_interactions", .steps = {{setup() + requests_of_all_kinds()}}},
      {.name = "endless_fragments",
       .steps = {{setup() + frame(StreamId{1}, rsocket::RequestFnfFrame{true, garbage})},
                 {fragment(StreamId{1}, data), 3000, 10ms}}},
      {.name = "endless_large_fragments",
       .steps = {{setup() + frame(StreamId{1}, rsocket::RequestFnfFrame{true, garbage})},
                 {fragment(StreamId{1}, std::string(65'536, 'd')), 700, 10ms}}},
      {.name = "empty_fragments",
       .steps = {{setup() + frame(StreamId{1}, rsocket::RequestFnfFrame{true, {}})},
                 {fragment(StreamId{1}, ""), 500, 10ms}}},
      {.name = "interleaved_fragments", .steps = {{setup() + interleaved_fragments()}}},
      {.name = "keepalive_flood_deaf",
       .steps = {{setup()}, {keepalive + keepalive + keepalive + keepalive, 2000, 1ms}},
       .reads = false},
      {.name = "keepalives_within_limits_deaf",
       .steps = {{frame(kConnectionStream, frequent)}, {large_keepalive, 2500, 60ms}},
       .reads = false,
       .stays = 90s},
      {.name = "request_n_flood",
       .steps = {{setup()}, {frame(StreamId{2}, rsocket::RequestNFrame{0x7FFF'FFFF}), 2000, 1ms}}},
      {.name = "request_n_of_none", .steps = {{setup() + framed("\0\0\0\2\x20\0\0\0\0\0"s)}}},
      {.name = "unknown_streams", .steps = {{setup()}, {unknown_streams(), 20, 100ms}}},
      {.name = "ignorable_flood", .steps = {{setup()}, {ignorable_frames(), 20, 100ms}}},
      {.name = "metadata_beyond_frame",
       .steps = {{setup() + framed("\0\0\0\1\x15\0\xff\xff\xff short"s)}}},
      {.name = "unknown_type", .steps = {{setup() + framed("\0\0\0\1\xd0\0"s)}}},
      {.name = "frame_too_short", .steps = {{setup() + framed("\0\0\0"s)}}},
      {.name = "oversize_keepalive",
       .steps = {{setup() + framed("\0\0\0\0\x0c\x80"s + std::string(2048, '\0'))}}},
  };
}

std::vector<Attack> attacks_over_websocket() {
  const std::string upgrade =
      "GET / HTTP/1.1\r\nHost: proxy\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
  const std::string mask(4, '\0');  // changes nothing
  const std::string ping = "\x89\x84"s + mask + "ping";
  const std::string text = "\x81\x85"s + mask + "hello";
  const std::string unmasked = "\x82\x05hello";
  const auto websocket = [&](std::string_view name, std::vector<AttackStep> then) {
    then.insert(then.begin(), {upgrade, 1, 100ms});
    return Attack{.name = name, .steps = std::move(then), .port = kWebSocketPort};
  };
  Attack pings = websocket("websocket_ping_flood_deaf", {{ping + ping + ping, 2000, 1ms}});
  pings.reads = false;
  return {
      {.name = "websocket_plain_http",
       .steps = {{"GET / HTTP/1.1\r\nHost: proxy\r\n\r\n"}},
       .port = kWebSocketPort},
      {.name = "websocket_endless_header",
       .steps = {{"GET / HTTP/1.1\r\n"}, {"X-More: " + std::string(1000, 'x') + "\r\n", 100, 10ms}},
       .port = kWebSocketPort},
      websocket("websocket_text", {{text}}),
      websocket("websocket_unmasked", {{unmasked}}),
      websocket("websocket_broken_twice", {{text + unmasked}}),
      websocket("websocket_long_ping", {{"\x89\xfe\x01\x00"s + mask + std::string(256, 'p')}}),
      websocket(
          "websocket_endless_message",
          {{"\x02\x80"s + mask}, {"\x00\xfe\x02\x00"s + mask + std::string(512, 'm'), 500, 10ms}}),
      websocket("websocket_continues_nothing", {{"\x80\x85"s + mask + "hello"}}),
      websocket("websocket_reserved_bits", {{"\xf2\x85"s + mask + "hello"}}),
      std::move(pings),
  };
}

const std::vector<Attack>& attacks() {
  static const std::vector<Attack> all = [] {
    std::vector<Attack> list = attacks_by_themselves();
    for (auto more : {attacks_over_websocket(), attacks_by_answers()}) {
      std::ranges::move(more, std::back_inserter(list));
    }
    return list;
  }();
  return all;
}

}  // namespace prometheus_rsocket::sim::actor
