// The case table of the protocol and the limits of a Connection, as transcripts in virtual time.
#include "rsocket/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connection_script.h"
#include "hex.h"

namespace prometheus_rsocket::rsocket {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

RequestResponseFrame request(std::string_view text, bool follows = false) {
  return {.follows = follows, .payload = text_payload(text)};
}
RequestFnfFrame fnf(std::string_view text, bool follows = false) {
  return {.follows = follows, .payload = text_payload(text)};
}
PayloadFrame last(std::string_view text) {
  return {.follows = false, .complete = true, .next = true, .payload = text_payload(text)};
}
PayloadFrame more(std::string_view text) {
  return {.follows = true, .complete = false, .next = true, .payload = text_payload(text)};
}
KeepaliveFrame keepalive(bool respond, std::string_view text = "") {
  return {.respond = respond, .position = 7, .data = base::as_bytes(text)};
}
Lines refused(std::string_view code) {
  return {"Closed reason=setup_refused", "send ERROR stream=0 " + std::string(code), "end"};
}
const Lines kProtocolError{"Closed reason=protocol_error", "send ERROR stream=0 0x101", "end"};

Script server(const ConnectionConfig& config = {}) { return Script::open(Role::kServer, config); }
Script client(const ConnectionConfig& config = {}) { return Script::open(Role::kClient, config); }

// ---- Setting up.

TEST(Connection, AClientSendsTheSetupThatJavaSends) {
  Script script(Role::kClient);
  script.connection.connect(script.now, SetupConfig{});
  EXPECT_EQ(script.connection.poll_frame(),
            hex("00000000 0400 0001 0000 00004E20 00015F90"
                "12 6170706C69636174696F6E2F62696E617279 12 6170706C69636174696F6E2F62696E617279"));
  EXPECT_EQ(script.connection.state(), ConnectionState::kOpen);
}

TEST(Connection, AServerTellsOfTheSetupAndOpens) {
  Script script(Role::kServer);
  EXPECT_THAT(script.receive(Script::setup()),
              ElementsAre("SetupReceived keepalive_ms=20000 lifetime_ms=90000 data=0"));
  EXPECT_EQ(script.connection.state(), ConnectionState::kOpen);
  EXPECT_EQ(script.connection.settings()->data_mime_type, "application/binary");
}

TEST(Connection, TheSetupPayloadReachesTheServer) {
  Script script(Role::kServer);
  Frame setup = Script::setup();
  std::get<SetupFrame>(setup.body).payload = {.metadata = base::as_bytes("{}"),
                                              .data = base::as_bytes("abc")};
  const Bytes bytes = encode(setup);
  script.connection.handle_frame(script.now, bytes);
  const auto received = std::get<SetupReceived>(script.connection.poll_event().value());
  EXPECT_EQ(base::as_text(*received.payload.metadata), "{}");
  EXPECT_EQ(base::as_text(received.payload.data), "abc");
}

TEST(Connection, AFirstFrameThatIsNotSetupIsRefused) {
  EXPECT_EQ(Script(Role::kServer).receive(1, request("x")), refused("0x1"));
  EXPECT_EQ(Script(Role::kServer).receive(0, keepalive(true)), refused("0x1"));
}

TEST(Connection, ASetupOnAStreamIsRefused) {
  Bytes setup = encode(Script::setup());
  setup[3] = std::byte{1};
  EXPECT_EQ(Script(Role::kServer).receive(setup), refused("0x1"));
}

TEST(Connection, ATruncatedSetupIsRefused) {
  const Bytes setup = encode(Script::setup());
  for (std::size_t size = 0; size < setup.size(); ++size) {
    EXPECT_EQ(Script(Role::kServer).receive(ByteView(setup).first(size)), refused("0x1")) << size;
  }
}

TEST(Connection, AnIntervalOrALifetimeOfZeroIsRefused) {
  for (const std::size_t field : {10U, 14U}) {
    Bytes setup = encode(Script::setup());
    std::fill_n(setup.begin() + static_cast<std::ptrdiff_t>(field), 4, std::byte{0});
    EXPECT_EQ(Script(Role::kServer).receive(setup), refused("0x1"));
  }
}

TEST(Connection, AnotherVersionIsUnsupported) {
  Frame setup = Script::setup();
  std::get<SetupFrame>(setup.body).version_major = 2;
  EXPECT_EQ(Script(Role::kServer).receive(setup), refused("0x2"));
  setup = Script::setup();
  std::get<SetupFrame>(setup.body).version_minor = 1;
  EXPECT_EQ(Script(Role::kServer).receive(setup), refused("0x2"));
}

TEST(Connection, ASetupThatWantsToResumeIsRejected) {
  Frame setup = Script::setup();
  std::get<SetupFrame>(setup.body).resume_token = base::as_bytes("token");
  EXPECT_EQ(Script(Role::kServer).receive(setup), refused("0x3"));
}

TEST(Connection, ASetupThatWantsALeaseIsUnsupported) {
  Frame setup = Script::setup();
  std::get<SetupFrame>(setup.body).lease = true;
  EXPECT_EQ(Script(Role::kServer).receive(setup), refused("0x2"));
}

TEST(Connection, AResumeIsRejected) {
  EXPECT_EQ(Script(Role::kServer).receive(0, ResumeFrame{}), refused("0x4"));
}

TEST(Connection, NonsenseBelowTheFramesIsAnsweredByRole) {
  Script fresh(Role::kServer);
  fresh.connection.handle_frame_error(fresh.now, FrameError::kFrameTooLong);
  EXPECT_EQ(fresh.take(), refused("0x1"));
  for (Script script : {server(), client()}) {
    script.connection.handle_frame_error(script.now, FrameError::kFrameTooLong);
    EXPECT_EQ(script.take(), kProtocolError);
  }
}

TEST(Connection, ASecondSetupIsIgnored) {
  Script script = server();
  EXPECT_THAT(script.receive(Script::setup()), IsEmpty());
  EXPECT_THAT(script.receive(0, ResumeFrame{}), IsEmpty());
  EXPECT_THAT(client().receive(Script::setup()), IsEmpty());
}

// ---- Broken and unknown frames.

TEST(Connection, ABrokenFrameEndsTheConnection) {
  for (const std::string_view frame : {
           "00000001 10",              // under 6 bytes
           "00000001 1100 000005 AA",  // metadata beyond the frame
           "00000001 2000 00000000",   // REQUEST_N of 0
           "00000001 1800 00000000",   // REQUEST_STREAM of 0
           "00000001 2000 0000",       // body too short
           "00000000 1000",            // a request on stream 0
           "00000001 2800",            // PAYLOAD with neither N nor C
           "00000000 E000",            // unknown type
           "00000000 FC00 00000001",   // unknown extension
       }) {
    for (Script script : {server(), client()}) {
      EXPECT_EQ(script.receive(hex(frame)), kProtocolError) << frame;
    }
  }
}

TEST(Connection, AnUnknownTypeThatMayBeIgnoredIsIgnored) {
  for (Script script : {server(), client()}) {
    EXPECT_THAT(script.receive(hex("00000000 E200")), IsEmpty());
    EXPECT_THAT(script.receive(hex("00000000 FE00 00000001")), IsEmpty());
  }
}

TEST(Connection, LeaseAndMetadataPushAreIgnored) {
  for (Script script : {server(), client()}) {
    EXPECT_THAT(script.receive(0, LeaseFrame{}), IsEmpty());
    EXPECT_THAT(script.receive(0, MetadataPushFrame{}), IsEmpty());
  }
}

TEST(Connection, FramesOfUnknownStreamsAreIgnored) {
  for (Script script : {server(), client()}) {
    for (const std::uint32_t stream : {1U, 2U, kU31Max}) {
      EXPECT_THAT(script.receive(stream, CancelFrame{}), IsEmpty());
      EXPECT_THAT(script.receive(stream, last("x")), IsEmpty());
      EXPECT_THAT(script.receive(stream, more("x")), IsEmpty());
      EXPECT_THAT(script.receive(stream, ErrorFrame{ErrorCode::kInvalid, "x"}), IsEmpty());
      EXPECT_THAT(script.receive(stream, RequestNFrame{kU31Max}), IsEmpty());
    }
  }
}

// ---- Requests of the peer.

TEST(Connection, ARequestIsAnsweredOnItsStream) {
  Script script = server();
  EXPECT_THAT(script.receive(1, request("abc")), ElementsAre("Request stream=1 data=3"));
  EXPECT_TRUE(script.connection.respond(StreamId{1}, text_payload("reply")));
  EXPECT_THAT(script.take(), ElementsAre("send PAYLOAD stream=1 next complete metadata=0 data=5"));
  EXPECT_EQ(script.connection.respond(StreamId{1}, text_payload("again")).error(),
            CommandError::kUnknownStream);
}

TEST(Connection, AReplyHasTheBytesThatJavaSends) {
  Script script = client();
  (void)script.receive(4, request("key"));
  const Payload reply{.metadata = Bytes{std::byte{0xAA}}, .data = Bytes{std::byte{0xBB}}};
  EXPECT_TRUE(script.connection.respond(StreamId{4}, reply.view()));
  EXPECT_EQ(script.connection.poll_frame(), hex("00000004 2960 000001 AA BB"));
}

TEST(Connection, ARequestCanBeAnsweredByAnError) {
  Script script = client();
  (void)script.receive(2, request("abc"));
  EXPECT_TRUE(script.connection.respond_error(StreamId{2}, ErrorCode::kApplicationError, "no"));
  EXPECT_THAT(script.take(), ElementsAre("send ERROR stream=2 0x201"));
  EXPECT_EQ(script.connection.inbound_streams(), 0U);
}

TEST(Connection, ALongErrorTextIsCutBetweenCharacters) {
  Script script = client();
  (void)script.receive(2, request("abc"));
  std::string text = "a";
  while (text.size() < 2000) text += "\xC3\xA9";
  EXPECT_TRUE(script.connection.respond_error(StreamId{2}, ErrorCode::kInvalid, text));
  const Bytes frame = script.connection.poll_frame().value();
  const Frame decoded = decode(frame).value();
  EXPECT_EQ(std::get<ErrorFrame>(decoded.body).message, text.substr(0, 1013));
}

TEST(Connection, AFireAndForgetNeedsNoAnswer) {
  Script script = server();
  EXPECT_THAT(script.receive(1, fnf("abc")), ElementsAre("FireAndForget stream=1 data=3"));
  EXPECT_EQ(script.connection.inbound_streams(), 0U);
  EXPECT_EQ(script.connection.respond(StreamId{1}, text_payload("x")).error(),
            CommandError::kUnknownStream);
}

// It waits for nothing, and what a proxy that ends has to say must not be lost.
TEST(Connection, AFireAndForgetArrivesThoughAllRequestsAreUnderWay) {
  Script script = server();
  const std::uint32_t most = kInboundStreamsMax;
  for (std::uint32_t i = 0; i < most; ++i) (void)script.receive(2 * i + 1, request("abc"));
  EXPECT_THAT(script.receive(2 * most + 1, request("abc")),
              ElementsAre(testing::StartsWith("send ERROR")));
  EXPECT_THAT(script.receive(2 * most + 3, fnf("abc", true)), IsEmpty());
  EXPECT_THAT(script.receive(2 * most + 5, fnf("abc")),
              ElementsAre(testing::StartsWith("FireAndForget")));
  EXPECT_EQ(script.connection.inbound_streams(), most);
}

TEST(Connection, ARequestOnAStreamInUseIsIgnored) {
  Script script = server();
  (void)script.receive(1, request("abc"));
  EXPECT_THAT(script.receive(1, request("abc")), IsEmpty());
  EXPECT_THAT(script.receive(1, fnf("abc")), IsEmpty());
  EXPECT_THAT(script.receive(1, RequestStreamFrame{.payload = text_payload("x")}), IsEmpty());
  EXPECT_TRUE(script.connection.respond(StreamId{1}, text_payload("once")));
}

TEST(Connection, ARequestOfWrongParityEndsTheConnection) {
  EXPECT_EQ(server().receive(2, request("x")), kProtocolError);
  EXPECT_EQ(server().receive(2, fnf("x")), kProtocolError);
  EXPECT_EQ(client().receive(1, request("x")), kProtocolError);
  EXPECT_EQ(client().receive(1, RequestStreamFrame{.payload = text_payload("x")}), kProtocolError);
}

TEST(Connection, InteractionsNotServedAreAnsweredOnTheirStream) {
  Script script = server();
  EXPECT_THAT(script.receive(1, RequestStreamFrame{.payload = text_payload("x")}),
              ElementsAre("send ERROR stream=1 0x201"));
  EXPECT_THAT(script.receive(3, RequestChannelFrame{.follows = true, .payload = text_payload("x")}),
              ElementsAre("send ERROR stream=3 0x201"));
  EXPECT_THAT(script.receive(3, last("x")), IsEmpty());
}

TEST(Connection, ACancelWithdrawsARequest) {
  Script script = server();
  (void)script.receive(1, request("abc"));
  EXPECT_THAT(script.receive(1, CancelFrame{}), ElementsAre("RequestCancelled stream=1"));
  EXPECT_EQ(script.connection.respond(StreamId{1}, text_payload("late")).error(),
            CommandError::kUnknownStream);
  EXPECT_THAT(script.take(), IsEmpty());
}

TEST(Connection, ACancelDropsARequestThatIsStillArriving) {
  Script script = server();
  (void)script.receive(1, request("abc", true));
  EXPECT_THAT(script.receive(1, CancelFrame{}), IsEmpty());
  EXPECT_THAT(script.receive(1, last("def")), IsEmpty());
  EXPECT_EQ(script.connection.inbound_streams(), 0U);
}

TEST(Connection, AFragmentedRequestArrivesWhole) {
  Script script = server();
  EXPECT_THAT(script.receive(1, request("abc", true)), IsEmpty());
  EXPECT_THAT(script.receive(3, fnf("gh", true)), IsEmpty());
  EXPECT_THAT(script.receive(1, more("def")), IsEmpty());
  EXPECT_THAT(script.receive(3, last("i")), ElementsAre("FireAndForget stream=3 data=3"));
  EXPECT_THAT(script.receive(1, last("")), ElementsAre("Request stream=1 data=6"));
}

TEST(Connection, FollowsTogetherWithCompleteIsReadAsComplete) {
  Script script = server();
  (void)script.receive(1, request("abc", true));
  EXPECT_THAT(script.receive(hex("00000001 28E0 64")), ElementsAre("Request stream=1 data=4"));
}

// ---- Requests of ours.

TEST(Connection, StreamIdsAreOddForAClientAndEvenForAServer) {
  Script odd = client();
  EXPECT_EQ(odd.connection.request_response(text_payload("a")).value(), StreamId{1});
  EXPECT_EQ(odd.connection.fire_and_forget(text_payload("b")).value(), StreamId{3});
  EXPECT_THAT(odd.take(), ElementsAre("send REQUEST_RESPONSE stream=1 metadata=0 data=1",
                                      "send REQUEST_FNF stream=3 metadata=0 data=1"));
  Script even = server();
  EXPECT_EQ(even.connection.fire_and_forget(text_payload("a")).value(), StreamId{2});
  EXPECT_EQ(even.connection.request_response(text_payload("b")).value(), StreamId{4});
}

TEST(Connection, StreamIdsRunOut) {
  Script script = client({.first_stream = StreamId{kU31Max}});
  EXPECT_EQ(script.connection.request_response(text_payload("a")).value(), StreamId{kU31Max});
  EXPECT_EQ(script.connection.request_response(text_payload("a")).error(),
            CommandError::kStreamIdsExhausted);
  EXPECT_EQ(script.connection.fire_and_forget(text_payload("a")).error(),
            CommandError::kStreamIdsExhausted);
  script = server({.first_stream = StreamId{kU31Max - 1}});
  EXPECT_TRUE(script.connection.request_response(text_payload("a")));
  EXPECT_EQ(script.connection.request_response(text_payload("a")).error(),
            CommandError::kStreamIdsExhausted);
}

TEST(Connection, ADuplicateOrLateReplyIsIgnored) {
  Script script = server();
  (void)script.connection.request_response(text_payload("a"));
  (void)script.take();
  EXPECT_THAT(script.receive(2, last("xy")), ElementsAre("Response stream=2 data=2"));
  EXPECT_THAT(script.receive(2, last("xy")), IsEmpty());
  EXPECT_THAT(script.receive(2, ErrorFrame{ErrorCode::kInvalid, "x"}), IsEmpty());
}

TEST(Connection, ALateReplyDoesNotAnswerTheNextRequest) {
  Script script = server();
  const StreamId first = script.connection.request_response(text_payload("a")).value();
  script.connection.cancel(first);
  (void)script.connection.request_response(text_payload("b"));
  EXPECT_THAT(script.take(), ElementsAre("send REQUEST_RESPONSE stream=2 metadata=0 data=1",
                                         "send CANCEL stream=2",
                                         "send REQUEST_RESPONSE stream=4 metadata=0 data=1"));
  EXPECT_THAT(script.receive(2, last("late")), IsEmpty());
  EXPECT_THAT(script.receive(4, last("x")), ElementsAre("Response stream=4 data=1"));
}

TEST(Connection, ABareCompletionIsAnEmptyResponse) {
  Script script = client();
  (void)script.connection.request_response(text_payload("push"));
  (void)script.take();
  EXPECT_THAT(script.receive(hex("00000001 2840")), ElementsAre("Response stream=1 data=0"));
}

TEST(Connection, AnErrorAnswersARequest) {
  Script script = client();
  (void)script.connection.request_response(text_payload("push"));
  (void)script.take();
  EXPECT_THAT(script.receive(1, ErrorFrame{ErrorCode::kRejected, "full"}),
              ElementsAre(testing::StartsWith("ResponseError stream=1")));
  EXPECT_EQ(script.connection.outbound_streams(), 0U);
}

TEST(Connection, ACancelTakesBackAResponseThatWasNotPolled) {
  Script script = client();
  (void)script.connection.request_response(text_payload("push"));
  (void)script.take();
  const Bytes reply = encode(Frame{StreamId{1}, last("x")});
  script.connection.handle_frame(script.now, reply);
  script.connection.cancel(StreamId{1});
  EXPECT_THAT(script.take(), IsEmpty());
}

TEST(Connection, APayloadThatNoFrameHoldsIsTheCallersError) {
  const Bytes big(kFrameBytesMax - kFrameHeaderBytes + 1);
  const PayloadView payload{.metadata = std::nullopt, .data = big};
  Script script = client();
  EXPECT_EQ(script.connection.request_response(payload).error(), CommandError::kPayloadTooLong);
  (void)script.receive(2, request("x"));
  EXPECT_EQ(script.connection.respond(StreamId{2}, payload).error(), CommandError::kPayloadTooLong);
  EXPECT_TRUE(script.connection.respond_error(StreamId{2}, ErrorCode::kCanceled, "too long"));
  Script cutting = client({.fragment_bytes_max = 1024 * 1024});
  EXPECT_EQ(cutting.connection.request_response(payload).value(), StreamId{1});
}

TEST(Connection, CommandsBeforeTheSetupAndAfterTheEndAreErrors) {
  Script script(Role::kServer);
  EXPECT_EQ(script.connection.request_response(text_payload("a")).error(), CommandError::kNotOpen);
  script.connection.close(ErrorCode::kConnectionClose, "bye");
  EXPECT_EQ(script.connection.fire_and_forget(text_payload("a")).error(), CommandError::kNotOpen);
  EXPECT_EQ(script.connection.respond(StreamId{1}, text_payload("a")).error(),
            CommandError::kNotOpen);
}

// ---- Keepalive and lifetime.

TEST(Connection, AClientSendsKeepalivesAtItsInterval) {
  Script script = client();
  EXPECT_EQ(script.pass(40s), Lines(2, "send KEEPALIVE stream=0 respond position=0 data=0"));
  EXPECT_EQ(script.sent.back(), hex("00000000 0C80 0000000000000000"));
}

TEST(Connection, AServerSendsNoKeepaliveUnasked) {
  Script script = server();
  EXPECT_THAT(script.pass(89s), IsEmpty());
}

TEST(Connection, AKeepaliveIsAnsweredWithItsDataAndPositionZero) {
  for (Script script : {server(), client()}) {
    (void)script.receive(0, keepalive(true, "abc"));
    EXPECT_EQ(script.sent.back(), hex("00000000 0C00 0000000000000000 616263"));
    EXPECT_THAT(script.receive(0, keepalive(false, "abc")), IsEmpty());
  }
}

TEST(Connection, AServerReapsASilentClientByItsOwnLifetime) {
  Script script = server();
  EXPECT_THAT(script.pass(90s - 1ns), IsEmpty());
  EXPECT_THAT(script.pass(1ns),
              ElementsAre("Closed reason=lifetime_expired", "send ERROR stream=0 0x101", "end"));
}

TEST(Connection, OnlyKeepalivesProlongTheLifetime) {
  Script script = server();
  (void)script.pass(60s);
  (void)script.receive(0, keepalive(true));
  EXPECT_THAT(script.pass(60s), IsEmpty());
  (void)script.receive(1, fnf("not a sign of life"));
  EXPECT_THAT(script.pass(30s),
              ElementsAre("Closed reason=lifetime_expired", "send ERROR stream=0 0x101", "end"));
}

TEST(Connection, AClientGivesUpAServerThatAnswersNoKeepalive) {
  Script script = client();
  const Lines lines = script.pass(90s);
  EXPECT_EQ(lines.size(), 4U + 3U);
  EXPECT_EQ(lines[4], "Closed reason=lifetime_expired");
}

TEST(Connection, AnAnsweredClientLivesOn) {
  Script script = client();
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(script.pass(20s).size(), 1U);
    EXPECT_THAT(script.receive(0, keepalive(false)), IsEmpty());
  }
}

TEST(Connection, ADeclaredLifetimeIsClamped) {
  const auto lifetime = [](std::chrono::milliseconds declared) {
    Frame setup = Script::setup();
    std::get<SetupFrame>(setup.body).lifetime_max = declared;
    Script script(Role::kServer);
    (void)script.receive(setup);
    return script.connection.settings()->lifetime;
  };
  EXPECT_EQ(lifetime(1ms), 10s);
  EXPECT_EQ(lifetime(11s), 11s);
  EXPECT_EQ(lifetime(std::chrono::milliseconds(kU31Max)), 5min);
}

TEST(Connection, AFloodOfKeepalivesEndsTheConnection) {
  Script script = server();
  for (std::uint32_t i = 0; i < kKeepaliveBurst; ++i) {
    EXPECT_EQ(script.receive(0, keepalive(true)).size(), 1U);
  }
  EXPECT_EQ(script.receive(0, keepalive(true)), kProtocolError);
}

TEST(Connection, TheKeepaliveAllowanceGrowsBack) {
  Script script = server();
  for (std::uint32_t i = 0; i < kKeepaliveBurst; ++i) (void)script.receive(0, keepalive(false));
  for (int i = 0; i < 100; ++i) {
    (void)script.pass(kKeepaliveRefill);
    EXPECT_THAT(script.receive(0, keepalive(false)), IsEmpty());
  }
  (void)script.pass(kKeepaliveRefill - 1ns);
  EXPECT_EQ(script.receive(0, keepalive(false)), kProtocolError);
}

TEST(Connection, AKeepaliveOverAKibibyteEndsTheConnection) {
  Bytes frame = hex("00000000 0C80 0000000000000000");
  frame.resize(kControlFrameBytesMax);
  EXPECT_EQ(server().receive(frame).size(), 1U);
  frame.resize(kControlFrameBytesMax + 1);
  EXPECT_EQ(server().receive(frame), kProtocolError);
}

TEST(Connection, OfAnErrorsLongTextTheBeginningIsKept) {
  Script script = server();
  const StreamId stream = script.connection.request_response(text_payload("key")).value();
  (void)script.take();
  EXPECT_THAT(script.receive(
                  Frame{stream, ErrorFrame{ErrorCode::kApplicationError, std::string(2000, 'x')}}),
              ElementsAre("ResponseError stream=2 code=APPLICATION_ERROR text=1014"));
  EXPECT_EQ(script.connection.state(), ConnectionState::kOpen);
}

// ---- Other limits.

TEST(Connection, AServerWaitsTenSecondsForTheFirstFrame) {
  Script script(Role::kServer);
  EXPECT_THAT(script.pass(10s - 1ns), IsEmpty());
  EXPECT_THAT(script.pass(1ns),
              ElementsAre("Closed reason=first_frame_timeout", "send ERROR stream=0 0x1", "end"));
}

TEST(Connection, TheNinthRequestUnderWayIsRejected) {
  Script script = server();
  for (std::uint32_t stream = 1; stream < 16; stream += 2) {
    EXPECT_EQ(script.receive(stream, request("x")).size(), 1U);
  }
  EXPECT_THAT(script.receive(17, request("x")), ElementsAre("send ERROR stream=17 0x202"));
  EXPECT_TRUE(script.connection.respond(StreamId{1}, text_payload("x")));
  (void)script.take();
  EXPECT_THAT(script.receive(21, request("x")), ElementsAre("Request stream=21 data=1"));
}

TEST(Connection, AFullOutboundQueueStopsReading) {
  Script script = server({.outbound_queue_bytes_max = 100 + kQueuedFrameBytes});
  EXPECT_TRUE(script.connection.wants_read());
  (void)script.connection.fire_and_forget(text_payload(std::string(94, 'x')));
  EXPECT_EQ(script.connection.queued_bytes(), 100U + kQueuedFrameBytes);
  EXPECT_TRUE(script.connection.wants_read());
  (void)script.connection.fire_and_forget(text_payload(""));
  EXPECT_FALSE(script.connection.wants_read());
  (void)script.connection.poll_frame();
  EXPECT_TRUE(script.connection.wants_read());
  EXPECT_EQ(script.connection.queued_bytes(), 6U + kQueuedFrameBytes);
}

// Each takes ten times its bytes: 43,000 of them were 256 KiB.
TEST(Connection, TinyFramesFillTheOutboundQueueByWhatEachTakes) {
  Script script = server();
  std::size_t frames = 0;
  for (; script.connection.wants_read(); ++frames) {
    (void)script.connection.fire_and_forget(text_payload(""));
  }
  EXPECT_LE(frames, kOutboundQueueBytesMax / kQueuedFrameBytes);
  while (script.connection.poll_frame()) {
  }
  EXPECT_EQ(script.connection.queued_bytes(), 0U);
}

TEST(Connection, ARequestOverThePayloadBoundIsRejected) {
  Script script = server({.payload_bytes_max = 10});
  EXPECT_EQ(script.receive(1, request("0123456789")).size(), 1U);
  EXPECT_THAT(
      script.receive(3, request("0123456789A")),
      ElementsAre("RequestAborted stream=3 reason=payload_too_long", "send ERROR stream=3 0x202"));
  EXPECT_THAT(script.receive(5, fnf("0123456789A")),
              ElementsAre("RequestAborted stream=5 reason=payload_too_long"));
  (void)script.receive(7, request("0123456789", true));
  EXPECT_THAT(
      script.receive(7, more("A")),
      ElementsAre("RequestAborted stream=7 reason=payload_too_long", "send ERROR stream=7 0x202"));
  EXPECT_THAT(script.receive(7, last("B")), IsEmpty());
  EXPECT_EQ(script.connection.inbound_streams(), 1U);
}

TEST(Connection, AReplyOverThePayloadBoundIsCancelled) {
  Script script = server({.payload_bytes_max = 10});
  (void)script.connection.request_response(text_payload("a"));
  (void)script.connection.request_response(text_payload("b"));
  (void)script.take();
  EXPECT_THAT(
      script.receive(2, last("0123456789A")),
      ElementsAre("ResponseAborted stream=2 reason=payload_too_long", "send CANCEL stream=2"));
  EXPECT_THAT(script.receive(4, more("0123456789")), IsEmpty());
  EXPECT_THAT(
      script.receive(4, last("A")),
      ElementsAre("ResponseAborted stream=4 reason=payload_too_long", "send CANCEL stream=4"));
}

TEST(Connection, AFragmentedPayloadHasThirtySeconds) {
  Script script = server();
  (void)script.connection.request_response(text_payload("a"));
  (void)script.take();
  (void)script.receive(1, request("a", true));
  (void)script.receive(2, more("b"));
  (void)script.receive(3, fnf("c", true));
  EXPECT_THAT(script.pass(30s - 1ns), IsEmpty());
  EXPECT_THAT(script.pass(1ns), ElementsAre("RequestAborted stream=1 reason=too_slow",
                                            "ResponseAborted stream=2 reason=too_slow",
                                            "RequestAborted stream=3 reason=too_slow",
                                            "send ERROR stream=1 0x202", "send CANCEL stream=2"));
  EXPECT_EQ(script.connection.inbound_streams(), 0U);
}

TEST(Connection, AFragmentWithoutProgressEndsTheConnection) {
  Script script = server();
  EXPECT_EQ(script.receive(1, request("", true)), kProtocolError);
  script = server();
  (void)script.receive(1, request("a", true));
  EXPECT_EQ(script.receive(1, more("")), kProtocolError);
}

TEST(Connection, ANinthFragmentedReplyAtOnceIsAborted) {
  Script script = client();
  for (std::uint32_t i = 0; i <= kInboundStreamsMax; ++i) {
    (void)script.connection.request_response(text_payload("a"));
  }
  (void)script.take();
  for (std::uint32_t stream = 1; stream < 16; stream += 2) {
    EXPECT_THAT(script.receive(stream, more("x")), IsEmpty());
  }
  EXPECT_THAT(
      script.receive(17, more("x")),
      ElementsAre("ResponseAborted stream=17 reason=too_many_fragmented", "send CANCEL stream=17"));
}

// ---- Ending.

TEST(Connection, CloseFlushesWhatIsQueuedThenTellsThePeer) {
  Script script = client();
  (void)script.connection.fire_and_forget(text_payload("push"));
  script.connection.close(ErrorCode::kConnectionClose, "bye");
  script.connection.close(ErrorCode::kConnectionClose, "again");
  EXPECT_FALSE(script.connection.should_close());
  EXPECT_THAT(script.take(),
              ElementsAre("Closed reason=command", "send REQUEST_FNF stream=1 metadata=0 data=4",
                          "send ERROR stream=0 0x102", "end"));
}

TEST(Connection, AnErrorOnStreamZeroEndsWithoutAnAnswer) {
  for (Script script : {server(), client()}) {
    (void)script.connection.fire_and_forget(text_payload("queued"));
    EXPECT_THAT(script.receive(0, ErrorFrame{ErrorCode::kConnectionError, "Disposed"}),
                ElementsAre(testing::StartsWith("PeerError"), "Closed reason=peer_error", "end"));
  }
}

TEST(Connection, AStreamThatEndsIsToldOnce) {
  for (Script script : {Script(Role::kServer), server(), client()}) {
    script.connection.handle_closed(script.now);
    script.connection.handle_closed(script.now);
    EXPECT_THAT(script.take(), ElementsAre("Closed reason=stream_ended", "end"));
  }
}

TEST(Connection, NothingHappensAfterTheEnd) {
  for (Script script : {server(), client()}) {
    script.connection.close(ErrorCode::kConnectionClose, "bye");
    (void)script.take();
    EXPECT_THAT(script.receive(hex("00")), IsEmpty());
    EXPECT_THAT(script.pass(10min), IsEmpty());
    script.connection.handle_frame_error(script.now, FrameError::kFrameTooLong);
    script.connection.cancel(StreamId{1});
    EXPECT_THAT(script.take(), IsEmpty());
    EXPECT_EQ(script.connection.next_timeout(), std::nullopt);
    EXPECT_FALSE(script.connection.wants_read());
  }
}

TEST(ConnectionDeathTest, MisuseByTheCallerStopsTheProcess) {
  Script fresh(Role::kClient);
  EXPECT_DEATH((void)fresh.receive(0, keepalive(true)), "connect");
  Script open = client();
  EXPECT_DEATH(open.connection.connect(open.now, SetupConfig{}), "once");
  Script pending = server();
  const Bytes frame = encode(Frame{StreamId{1}, fnf("x")});
  pending.connection.handle_frame(pending.now, frame);
  EXPECT_DEATH(pending.connection.handle_frame(pending.now, frame), "polled");
}

// PyPI rsocket's default: keep_alive_period = 500 ms (rsocket_base.py), declared in SETUP.
TEST(Keepalive, APeerMaySendKeepalivesAtTheIntervalThatItDeclared) {
  Script script(Role::kServer);
  Frame setup = Script::setup();
  std::get<SetupFrame>(setup.body).keepalive_interval = std::chrono::milliseconds(500);
  std::get<SetupFrame>(setup.body).lifetime_max = std::chrono::minutes(10);
  (void)script.receive(setup);
  for (int i = 0; i < 240; ++i) {
    (void)script.pass(std::chrono::milliseconds(500));
    (void)script.receive(0, KeepaliveFrame{.respond = true, .position = 0, .data = {}});
    ASSERT_EQ(script.connection.state(), ConnectionState::kOpen)
        << "closed after " << (i + 1) * 0.5 << " s";
  }
}

}  // namespace
}  // namespace prometheus_rsocket::rsocket
