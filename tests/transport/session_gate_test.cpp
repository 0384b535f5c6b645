// Sessions over the virtual network, which splits reads anywhere: what is skipped changes nothing
// else, over either transport.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/asio/bind_executor.hpp>
#include <sstream>

#include "rsocket/limits.h"
#include "sim/world.h"
#include "transport/session.h"
#include "transport/websocket_frame_channel.h"

namespace prometheus_rsocket::transport {
namespace {

using namespace std::chrono_literals;
using base::Bytes;
using rsocket::Frame;
using rsocket::StreamId;

const runtime::Endpoint kServer{sim::ip("10.0.0.1"), 7001};

// What a server with two requests under way is told, line by line.
class Recorder final : public SessionHandler {
 public:
  void on_event(const rsocket::Event& event) override {
    std::ostringstream line;
    line << event;
    lines.push_back(line.str());
  }
  std::vector<std::string> lines;
};

template <class F>
auto bound(runtime::Shard& shard, F&& f) {
  return boost::asio::bind_executor(shard.executor, std::forward<F>(f));
}

// A peer that sends any frames, and a Session that gets them.
struct Joined {
  explicit Joined(TransportKind kind, std::uint64_t seed) : world(seed) {
    listener = server.network.listen(kServer).value();
    listener->async_accept(server.executor, bound(server, [this, kind](auto, auto stream) {
                             if (kind == TransportKind::kTcp)
                               return serve(make_tcp_channel(std::move(stream)));
                             async_accept_websocket(
                                 server, std::move(stream), {server.clock.now() + 10s},
                                 bound(server, [this](auto, AcceptedWebSocket accepted) {
                                   serve(std::move(accepted.channel));
                                 }));
                           }));
    peer.network.async_connect(
        kServer, bound(peer, [this, kind](auto, auto stream) {
          if (kind == TransportKind::kTcp) {
            channel = make_tcp_channel(std::move(stream));
            return;
          }
          async_dial_websocket(peer, std::move(stream), {"proxy:1", "/", peer.clock.now() + 10s},
                               bound(peer, [this](auto, std::unique_ptr<FrameChannel> dialled) {
                                 channel = std::move(dialled);
                               }));
        }));
    RC_ASSERT(world.run_until([this] { return channel && session; }));
  }
  ~Joined() {
    if (session) session->detach();
  }

  void serve(std::unique_ptr<FrameChannel> from) {
    session = std::make_shared<Session>(
        server, std::move(from),
        rsocket::Connection(rsocket::Role::kServer, {}, server.clock.now()), recorder, budget);
    session->start();
  }
  void send(std::vector<Bytes> frames) {
    bool sent = frames.empty();
    if (!sent) {
      channel->async_write(std::move(frames), bound(peer, [&](auto) { sent = true; }));
    }
    RC_ASSERT(world.run_until([&] { return sent; }));
    world.run_for(1s);
  }

  sim::World world;
  runtime::Shard& server = world.add_process(kServer.address).shard(0);
  runtime::Shard& peer = world.add_process(sim::ip("10.0.0.2")).shard(0);
  std::unique_ptr<runtime::Listener> listener;
  std::unique_ptr<FrameChannel> channel;
  Recorder recorder;
  std::shared_ptr<ByteBudget> budget = std::make_shared<ByteBudget>(std::size_t{1} << 24);
  std::shared_ptr<Session> session;
};

Bytes setup() {
  rsocket::SetupFrame setup;
  setup.keepalive_interval = 20s;
  setup.lifetime_max = 90s;
  return rsocket::encode(Frame{rsocket::kConnectionStream, setup});
}

// Requests, replies and what nobody asked for; on few streams, and of very different sizes.
Bytes arbitrary_frame() {
  const StreamId stream{*rc::gen::inRange<std::uint32_t>(1, 9)};
  const auto size = std::size_t{1} << *rc::gen::inRange(0, 17);
  const std::string text(size, 'x');
  const rsocket::PayloadView payload{.metadata = std::nullopt, .data = base::as_bytes(text)};
  const bool follows = *rc::gen::inRange(0, 4) == 0;
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      return rsocket::encode(
          Frame{rsocket::kConnectionStream, rsocket::MetadataPushFrame{base::as_bytes(text)}});
    case 1:
      return rsocket::encode(
          Frame{StreamId{stream.value | 1U}, rsocket::RequestFnfFrame{follows, payload}});
    case 2:
      return rsocket::encode(
          Frame{StreamId{stream.value | 1U}, rsocket::RequestResponseFrame{follows, payload}});
    case 3:
      return rsocket::encode(
          Frame{StreamId{stream.value | 1U}, rsocket::RequestStreamFrame{follows, 1, payload}});
    default:
      return rsocket::encode(
          Frame{stream, rsocket::PayloadFrame{follows, !follows, true, payload}});
  }
}

void expect_events_of_whole_frames(TransportKind kind) {
  std::vector<Bytes> frames;
  const auto count = *rc::gen::inRange(0, 12);
  for (int i = 0; i < count; ++i) frames.push_back(arbitrary_frame());

  Recorder expected;
  rsocket::Connection whole(rsocket::Role::kServer, {}, {});
  const auto handle = [&](const Bytes& frame) {
    whole.handle_frame({}, frame);
    while (const auto event = whole.poll_event()) expected.on_event(*event);
  };
  handle(setup());
  for (int i = 0; i < 2; ++i) RC_ASSERT(whole.request_response({}));
  for (const Bytes& frame : frames) handle(frame);

  Joined joined(kind, *rc::gen::arbitrary<std::uint64_t>());
  joined.send({setup()});
  for (int i = 0; i < 2; ++i) RC_ASSERT(joined.session->request_response({}));
  joined.send(frames);
  RC_ASSERT(joined.recorder.lines == expected.lines);
  RC_ASSERT(joined.budget->used() == whole.buffered_bytes());
  joined.session->abort();
  joined.world.run_for(1s);
  RC_ASSERT(joined.budget->used() == 0U);
}

RC_GTEST_PROP(SkippingOverTcp, GivesTheEventsOfWholeFrames, ()) {
  expect_events_of_whole_frames(TransportKind::kTcp);
}

RC_GTEST_PROP(SkippingOverWebSocket, GivesTheEventsOfWholeFrames, ()) {
  expect_events_of_whole_frames(TransportKind::kWebSocket);
}

// 16 MiB that nobody asked for, and a push behind them.
void expect_unasked_payload_unread(TransportKind kind) {
  Joined joined(kind, 1);
  joined.send({setup()});
  Bytes unasked = rsocket::encode(Frame{StreamId{2}, rsocket::PayloadFrame{false, true, true, {}}});
  unasked.resize(rsocket::kFrameBytesMax);
  std::size_t most = 0;
  bool sent = false;
  joined.channel->async_write(
      {unasked, rsocket::encode(Frame{StreamId{1}, rsocket::RequestFnfFrame{}})},
      bound(joined.peer, [&](auto) { sent = true; }));
  ASSERT_TRUE(joined.world.run_until([&] {
    most = std::max(most, joined.budget->used());
    return sent && joined.recorder.lines.size() == 2;
  }));
  EXPECT_EQ(joined.recorder.lines.back(), "FireAndForget stream=1 data=0");
  EXPECT_EQ(most, 0U);
}

TEST(SessionGate, APayloadThatNobodyAskedForIsDroppedUnreadOverTcp) {
  expect_unasked_payload_unread(TransportKind::kTcp);
}

TEST(SessionGate, APayloadThatNobodyAskedForIsDroppedUnreadOverWebSocket) {
  expect_unasked_payload_unread(TransportKind::kWebSocket);
}

}  // namespace
}  // namespace prometheus_rsocket::transport
