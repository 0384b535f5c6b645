// Frames judged by their headers: which are worth their bodies, and what becomes of the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "connection_script.h"
#include "generate.h"

namespace prometheus_rsocket::rsocket {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kLong = kUnaskedFrameBytesMax + 1;
const std::string kLongText(kLong, 'x');

FrameHeader header(const Frame& frame) { return decode_header(encode(frame)).value(); }
Frame request(std::uint32_t stream, bool follows = false) {
  return {StreamId{stream}, RequestResponseFrame{follows, text_payload(kLongText)}};
}
Frame fnf(std::uint32_t stream) {
  return {StreamId{stream}, RequestFnfFrame{false, text_payload(kLongText)}};
}
Frame payload(std::uint32_t stream, bool follows = false) {
  return {StreamId{stream}, PayloadFrame{follows, !follows, true, text_payload(kLongText)}};
}

struct Judged : testing::Test {
  Script server = Script::open(Role::kServer);

  bool wants(const Frame& frame, std::size_t bytes = kLong) const {
    return server.connection.wants_frame(header(frame), bytes);
  }
  Lines skip(const Frame& frame) {
    server.connection.handle_skipped_frame(server.now, header(frame));
    return server.take();
  }
  StreamId ask() {
    const StreamId stream = server.connection.request_response(text_payload("a")).value();
    (void)server.take();
    return stream;
  }
};

TEST_F(Judged, BeforeSetupNothingElseIsWanted) {
  const Connection fresh(Role::kServer, {}, base::Instant{});
  const auto wanted = [&](const Frame& frame) { return fresh.wants_frame(header(frame), 6); };
  EXPECT_TRUE(wanted(Script::setup()));
  EXPECT_TRUE(wanted({kConnectionStream, ResumeFrame{}}));
  EXPECT_FALSE(wanted(request(1)));
  EXPECT_FALSE(wanted({kConnectionStream, KeepaliveFrame{}}));
  EXPECT_FALSE(fresh.wants_frame({StreamId{1}, static_cast<std::uint8_t>(FrameType::kSetup)}, 6));
  EXPECT_FALSE(fresh.wants_frame({kConnectionStream, 0x1D}, 6));
}

TEST_F(Judged, AFirstFrameThatIsNoSetupIsRefusedByItsHeader) {
  server = Script(Role::kServer);
  EXPECT_THAT(skip(request(1)),
              ElementsAre("Closed reason=setup_refused", "send ERROR stream=0 0x1", "end"));
}

TEST_F(Judged, ASetupWithoutRoomIsRejected) {
  server = Script(Role::kServer);
  EXPECT_THAT(skip(Script::setup()),
              ElementsAre("Closed reason=setup_refused", "send ERROR stream=0 0x3", "end"));
}

TEST_F(Judged, WhatNobodyWaitsForIsWantedUpToAKibibyte) {
  for (const Frame& frame :
       {payload(2), payload(1), Frame{kConnectionStream, MetadataPushFrame{}}, Script::setup(),
        Frame{StreamId{1}, RequestStreamFrame{}}, Frame{StreamId{1}, RequestChannelFrame{}}}) {
    EXPECT_TRUE(wants(frame, kUnaskedFrameBytesMax)) << frame;
    EXPECT_FALSE(wants(frame)) << frame;
  }
}

TEST_F(Judged, AReplyIsWantedUntilTheRequestIsCancelled) {
  const StreamId stream = ask();
  EXPECT_TRUE(wants(payload(stream.value)));
  server.connection.cancel(stream);
  EXPECT_FALSE(wants(payload(stream.value)));
}

TEST_F(Judged, TheRestOfAFragmentedPayloadIsWanted) {
  (void)server.receive(request(1, true));
  EXPECT_TRUE(wants(payload(1)));
  (void)server.receive(1, CancelFrame{});
  EXPECT_FALSE(wants(payload(1)));
}

TEST_F(Judged, APushIsWantedOnAFreeStreamOfThePeersParity) {
  EXPECT_TRUE(wants(request(1)));
  EXPECT_TRUE(wants(fnf(1)));
  EXPECT_FALSE(wants(fnf(2)));
  (void)server.receive(request(1));
  EXPECT_FALSE(wants(fnf(1)));
  for (std::uint32_t stream = 3; stream < 16; stream += 2) (void)server.receive(request(stream));
  EXPECT_EQ(server.connection.inbound_streams(), kInboundStreamsMax);
  EXPECT_FALSE(wants(request(17)));
}

TEST_F(Judged, AClientWantsLongRequestsOfItsServer) {
  const Script client = Script::open(Role::kClient);
  EXPECT_TRUE(client.connection.wants_frame(header(request(2)), kLong));
  EXPECT_FALSE(client.connection.wants_frame(header(request(1)), kLong));
}

TEST_F(Judged, AnErrorOfOursIsWantedUpTo64Kibibytes) {
  const StreamId stream = ask();
  const Frame error{stream, ErrorFrame{ErrorCode::kApplicationError, "java.lang.OutOfMemoryError"}};
  EXPECT_TRUE(wants(error, kErrorFrameBytesMax));
  EXPECT_FALSE(wants(error, kErrorFrameBytesMax + 1));
  server.connection.cancel(stream);
  EXPECT_FALSE(wants(error));
}

TEST_F(Judged, AnErrorThatWasNotReadCountsWithoutItsText) {
  const ErrorFrame error{ErrorCode::kInvalid, kLongText};
  const StreamId stream = ask();
  EXPECT_THAT(skip({stream, error}),
              ElementsAre(testing::StartsWith("ResponseError stream=2 code=APPLICATION_ERROR")));
  EXPECT_THAT(skip({stream, error}), IsEmpty());
  EXPECT_THAT(skip({kConnectionStream, error}),
              ElementsAre(testing::StartsWith("PeerError code=CONNECTION_ERROR"),
                          "Closed reason=peer_error", "end"));
}

TEST_F(Judged, AReplyWithoutRoomIsCancelled) {
  EXPECT_THAT(skip(payload(ask().value)),
              ElementsAre("ResponseAborted stream=2 reason=no_room", "send CANCEL stream=2"));
  EXPECT_THAT(skip(payload(2)), IsEmpty());
}

TEST_F(Judged, AFragmentWithoutRoomTakesTheWholePayloadWithIt) {
  (void)server.receive(request(1, true));
  EXPECT_GT(server.connection.buffered_bytes(), 0U);
  EXPECT_THAT(skip(payload(1, true)),
              ElementsAre("RequestAborted stream=1 reason=no_room", "send ERROR stream=1 0x202"));
  EXPECT_EQ(server.connection.buffered_bytes(), 0U);
  EXPECT_THAT(server.receive(payload(1)), IsEmpty());
}

TEST_F(Judged, ARequestWithoutRoomIsRejected) {
  EXPECT_THAT(skip(request(1)),
              ElementsAre("RequestAborted stream=1 reason=no_room", "send ERROR stream=1 0x202"));
  EXPECT_THAT(skip(fnf(3)), ElementsAre("RequestAborted stream=3 reason=no_room"));
  EXPECT_EQ(server.connection.inbound_streams(), 0U);
}

TEST_F(Judged, AReassembledPayloadIsFreedOnceItsEventsWerePolled) {
  (void)server.receive(request(1, true));
  const Bytes rest = encode(payload(1));
  server.connection.handle_frame(server.now, rest);
  EXPECT_TRUE(server.connection.poll_event());
  EXPECT_GE(server.connection.buffered_bytes(), 2 * kLong);
  EXPECT_FALSE(server.connection.poll_event());
  EXPECT_EQ(server.connection.buffered_bytes(), 0U);
}

TEST_F(Judged, NothingIsHeldAfterTheEnd) {
  (void)server.receive(request(1, true));
  server.connection.handle_closed(server.now);
  EXPECT_EQ(server.connection.buffered_bytes(), 0U);
}

// A frame of the generator that is often longer than what is read unasked.
Frame arbitrary_frame(FrameGenerator& generate) {
  Frame frame = generate.frame();
  if (frame.stream != kConnectionStream && *rc::gen::arbitrary<bool>()) {
    frame.stream = StreamId{*rc::gen::inRange<std::uint32_t>(1, 8)};
  }
  if (!*rc::gen::arbitrary<bool>()) return frame;
  std::visit(
      [](auto& body) {
        if constexpr (requires { body.payload; }) body.payload.data = base::as_bytes(kLongText);
      },
      frame.body);
  return frame;
}

RC_GTEST_PROP(SkippingProperty, WhatIsSkippedAtAnyPointIsAsIfItHadComeWhole, ()) {
  const Role role = *rc::gen::arbitrary<bool>() ? Role::kClient : Role::kServer;
  const bool open = role == Role::kClient || *rc::gen::arbitrary<bool>();
  Script whole = open ? Script::open(role) : Script(role);
  Script skipping = open ? Script::open(role) : Script(role);
  for (Script* const script : {&whole, &skipping}) {
    for (int i = 0; i < 3; ++i) (void)script->connection.request_response(text_payload("a"));
    (void)script->take();
  }
  FrameGenerator generate;
  const auto count = *rc::gen::inRange(0, 30);
  for (int i = 0; i < count; ++i) {
    const Bytes bytes = encode(arbitrary_frame(generate));
    const auto come = *rc::gen::inRange(kFrameHeaderBytes, bytes.size() + 1);
    const FrameHeader of = decode_header(bytes).value();
    if (skipping.connection.wants_frame(of, come)) {
      RC_ASSERT(whole.receive(bytes) == skipping.receive(bytes));
    } else {
      skipping.connection.handle_skipped_frame(skipping.now, of);
      RC_ASSERT(whole.receive(bytes) == skipping.take());
    }
    RC_ASSERT(whole.connection.buffered_bytes() == skipping.connection.buffered_bytes());
  }
}

}  // namespace
}  // namespace prometheus_rsocket::rsocket
