#include "rsocket/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <sstream>

#include "generate.h"
#include "hex.h"
#include "rsocket/limits.h"

namespace prometheus_rsocket::rsocket {
namespace {

using namespace std::chrono_literals;

std::string printed(const Frame& frame) {
  std::ostringstream out;
  out << frame;
  return out.str();
}

boost::system::error_code error_of(std::string_view text) {
  const Bytes bytes = hex(text);
  return decode(bytes).error();
}

const std::string_view kJavaSetup =
    "00000000 0400 0001 0000 00004E20 00015F90 12 6170706C69636174696F6E2F62696E617279 12 "
    "6170706C69636174696F6E2F62696E617279";

// One well-formed frame of each type, with every optional part.
const std::string_view kVectors[] = {
    kJavaSetup,
    "00000000 05C0 0001 0000 000003E8 00002710 0002 ABCD 01 61 01 62 000002 0102 03",
    "00000000 0900 00000001 00000002 AABB",
    "00000000 0C80 0000000000000000",
    "00000000 0C00 0000000000000007 AABB",
    "00000001 1100 000001 AA BB",
    "00000002 1400 3082",
    "00000001 1900 0000000A 000001 AA BB",
    "00000001 1DC0 0000000A 000001 AA BB",
    "00000001 2000 7FFFFFFF",
    "00000001 2400",
    "00000001 2860",
    "00000004 2960 000002 AABB CCDD",
    "00000001 28A0 AA",
    "00000001 2840",
    "00000000 2C00 00000101 446973706F736564",
    "00000003 2C00 00000201",
    "00000000 3100 AABB",
    "00000000 3400 0001 0000 0002 AABB 0000000000000001 0000000000000002",
    "00000000 3800 0000000000000003",
    "00000001 FF00 00000001 000001 AA BB",
};

TEST(Frame, ReadsTheSetupThatTheJavaClientSends) {
  const Bytes bytes = hex(kJavaSetup);
  ASSERT_EQ(bytes.size(), 56U);
  SetupFrame setup;
  setup.keepalive_interval = 20'000ms;
  setup.lifetime_max = 90'000ms;
  setup.metadata_mime_type = setup.data_mime_type = "application/binary";
  EXPECT_EQ(decode(bytes).value(), (Frame{kConnectionStream, setup}));
  EXPECT_EQ(encode(Frame{kConnectionStream, setup}), bytes);
}

TEST(Frame, ReadsTheKeepaliveThatTheJavaClientSends) {
  EXPECT_EQ(decode(hex("00000000 0C80 0000000000000000")).value(),
            (Frame{kConnectionStream, KeepaliveFrame{.respond = true, .position = 0, .data = {}}}));
}

TEST(Frame, WritesTheEmptyReplyThatEndsABlockingPush) {
  EXPECT_EQ(encode(Frame{StreamId{1}, PayloadFrame{false, true, true, {}}}), hex("00000001 2860"));
}

TEST(Frame, EncodesWhatItDecodedFromEveryPublishedVector) {
  for (const std::string_view vector : kVectors) {
    const Bytes bytes = hex(vector);
    const auto frame = decode(bytes);
    ASSERT_TRUE(frame.has_value()) << vector << ": " << frame.error().message();
    EXPECT_EQ(encode(*frame), bytes) << vector;
    EXPECT_EQ(encoded_size(*frame), bytes.size()) << vector;
  }
}

TEST(Frame, TruncatedAnywhereIsAnErrorOrAShorterFrame) {
  for (const std::string_view vector : kVectors) {
    const Bytes bytes = hex(vector);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      const auto frame = decode(cut);
      EXPECT_EQ(size < kFrameHeaderBytes, frame.error() == FrameError::kHeaderTooShort);
      if (frame) {
        EXPECT_EQ(encode(*frame), cut) << vector;
      }
    }
  }
}

TEST(Frame, TruncatedSetupIsTooShort) {
  const Bytes bytes = hex(kJavaSetup);
  for (std::size_t size = kFrameHeaderBytes; size < bytes.size(); ++size) {
    EXPECT_EQ(decode(ByteView(bytes).first(size)).error(), FrameError::kBodyTooShort) << size;
  }
}

TEST(Frame, IgnoresTheReservedTopBits) {
  EXPECT_EQ(decode(hex("80000001 2400")).value(), (Frame{StreamId{1}, CancelFrame{}}));
  EXPECT_EQ(decode(hex("00000001 2000 80000005")).value(), (Frame{StreamId{1}, RequestNFrame{5}}));
}

TEST(Frame, IgnoresUndefinedFlags) {
  EXPECT_EQ(decode(hex("00000001 25FF")).value(), (Frame{StreamId{1}, CancelFrame{}}));
}

TEST(Frame, ReadsFollowsTogetherWithCompleteAsComplete) {
  EXPECT_EQ(decode(hex("00000001 28E0")).value(),
            (Frame{StreamId{1}, PayloadFrame{false, true, true, {}}}));
}

TEST(Frame, TellsAbsentFromEmptyMetadata) {
  const Bytes absent = hex("00000001 1000");
  const Bytes empty = hex("00000001 1100 000000");
  EXPECT_FALSE(decode(absent).value() == decode(empty).value());
}

TEST(Frame, PassesOverAnUnknownTypeOnlyWithIgnore) {
  EXPECT_EQ(decode(hex("00000001 3E00 AABB")).value(), (Frame{StreamId{1}, IgnoredFrame{0x0F}}));
  EXPECT_EQ(error_of("00000001 3C00 AABB"), FrameError::kUnknownType);
  EXPECT_EQ(error_of("00000000 0000"), FrameError::kUnknownType);
}

TEST(Frame, RefusesFewerThanSixBytes) {
  EXPECT_EQ(error_of("00000001 24"), FrameError::kHeaderTooShort);
}
TEST(Frame, RefusesMetadataBeyondTheFrame) {
  EXPECT_EQ(error_of("00000001 1100 000003 AABB"), FrameError::kMetadataTooLong);
  EXPECT_EQ(error_of("00000001 1100 FFFFFF"), FrameError::kMetadataTooLong);
}
TEST(Frame, RefusesABodyThatIsTooShort) {
  EXPECT_EQ(error_of("00000001 2000 0000"), FrameError::kBodyTooShort);
  EXPECT_EQ(error_of("00000000 0C80 00"), FrameError::kBodyTooShort);
  EXPECT_EQ(error_of("00000001 1100 0000"), FrameError::kBodyTooShort);
}
TEST(Frame, RefusesRequestNOfZero) {
  EXPECT_EQ(error_of("00000001 2000 00000000"), FrameError::kZeroRequestN);
  EXPECT_EQ(error_of("00000001 1800 00000000"), FrameError::kZeroRequestN);
  EXPECT_EQ(error_of("00000001 1C00 00000000"), FrameError::kZeroRequestN);
}
TEST(Frame, RefusesASetupWithAnIntervalOrLifetimeOfZero) {
  EXPECT_EQ(error_of("00000000 0400 0001 0000 00000000 00000001 00 00"), FrameError::kZeroInterval);
  EXPECT_EQ(error_of("00000000 0400 0001 0000 00000001 00000000 00 00"), FrameError::kZeroInterval);
}
TEST(Frame, RefusesAnExtendedTypeOfZero) {
  EXPECT_EQ(error_of("00000001 FC00 00000000"), FrameError::kZeroExtendedType);
}
TEST(Frame, RefusesAPayloadWithNeitherNextNorComplete) {
  EXPECT_EQ(error_of("00000001 2880 AA"), FrameError::kPayloadWithoutFlags);
}
TEST(Frame, RefusesTypesOnTheWrongKindOfStream) {
  EXPECT_EQ(error_of("00000001 0C80 0000000000000000"), FrameError::kStreamNotAllowed);
  EXPECT_EQ(error_of("00000001 0400 0001 0000 00000001 00000001 00 00"),
            FrameError::kStreamNotAllowed);
  EXPECT_EQ(error_of("00000000 1000"), FrameError::kStreamNotAllowed);
  EXPECT_EQ(error_of("00000000 2860"), FrameError::kStreamNotAllowed);
}
TEST(Frame, RefusesBytesBehindABodyThatHasAnEnd) {
  EXPECT_EQ(error_of("00000001 2400 AA"), FrameError::kTrailingBytes);
  EXPECT_EQ(error_of("00000001 2000 00000001 AA"), FrameError::kTrailingBytes);
}

TEST(Frame, IsRefusedAboveTheBoundOfItsTypeAndTakenAtIt) {
  Bytes control = hex("00000000 0C80 0000000000000000");
  control.resize(kControlFrameBytesMax);
  EXPECT_TRUE(decode(control).has_value());
  control.resize(kControlFrameBytesMax + 1);
  EXPECT_EQ(decode(control).error(), FrameError::kFrameTooLong);

  Bytes setup = hex(kJavaSetup);
  setup.resize(kSetupFrameBytesMax);
  EXPECT_TRUE(decode(setup).has_value());
  setup.resize(kSetupFrameBytesMax + 1);
  EXPECT_EQ(decode(setup).error(), FrameError::kFrameTooLong);

  Bytes payload = hex("00000001 2860");
  payload.resize(kFrameBytesMax);
  EXPECT_TRUE(decode(payload).has_value());
  payload.resize(kFrameBytesMax + 1);
  EXPECT_EQ(decode(payload).error(), FrameError::kFrameTooLong);
}

TEST(Frame, PrintsNamesAndSizesButNoContent) {
  const Bytes data = hex("3082");
  EXPECT_EQ(printed({StreamId{4}, RequestResponseFrame{.follows = false, .payload = {{}, data}}}),
            "REQUEST_RESPONSE stream=4 metadata=0 data=2");
  EXPECT_EQ(printed({kConnectionStream, ErrorFrame{ErrorCode::kRejectedSetup, "no"}}),
            "ERROR stream=0 code=REJECTED_SETUP message=2");
  EXPECT_EQ(printed({StreamId{1}, ErrorFrame{static_cast<ErrorCode>(0x301), ""}}),
            "ERROR stream=1 code=0x301 message=0");
}

TEST(FrameDeathTest, RefusesToEncodeWhatDecodeWouldRefuse) {
  EXPECT_DEATH((void)encode(Frame{StreamId{1}, PayloadFrame{}}), "N or C");
  EXPECT_DEATH((void)encode(Frame{kConnectionStream, CancelFrame{}}), "stream 0");
}

RC_GTEST_PROP(FrameProperty, DecodeOfEncodeIsTheFrame, ()) {
  FrameGenerator generate;
  const Frame frame = generate.frame();
  const Bytes bytes = encode(frame);
  RC_TAG(frame.body.index());
  RC_ASSERT(decode(bytes).value() == [&] {
    Frame expected = frame;
    if (auto* body = std::get_if<PayloadFrame>(&expected.body)) body->follows &= !body->complete;
    return expected;
  }());
}

RC_GTEST_PROP(FrameProperty, AnyBytesAreAFrameOrAnError, (const std::vector<std::uint8_t>& bytes)) {
  const auto view = std::as_bytes(std::span(bytes));
  const auto frame = decode(view);
  RC_ASSERT(frame.has_value() || frame.error().message() != "");
}

}  // namespace
}  // namespace prometheus_rsocket::rsocket
