#include "rsocket/fragment.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "generate.h"
#include "rsocket/limits.h"

namespace prometheus_rsocket::rsocket {
namespace {

constexpr base::Instant kStart{};

Frame piece(std::uint32_t stream, bool follows, ByteView data) {
  return {StreamId{stream}, PayloadFrame{follows, !follows, true, {std::nullopt, data}}};
}

TEST(Fragment, LeavesAFrameThatFitsAsOne) {
  const Bytes data(58);
  const Frame frame{StreamId{1}, RequestFnfFrame{false, {std::nullopt, data}}};
  EXPECT_EQ(fragment(frame, 64), std::vector<Bytes>{encode(frame)});
}

TEST(Fragment, SplitsAReplyAsThePeersExpect) {
  const Bytes metadata(60);
  const Bytes data(100);
  const Frame frame{StreamId{4}, PayloadFrame{false, true, true, {metadata, data}}};
  const std::vector<Bytes> fragments = fragment(frame, 64);
  ASSERT_EQ(fragments.size(), 3U);
  EXPECT_EQ(
      decode(fragments[0]).value(),
      (Frame{StreamId{4}, PayloadFrame{true, false, true, {ByteView(metadata).first(55), {}}}}));
  EXPECT_EQ(
      decode(fragments[1]).value(),
      (Frame{StreamId{4},
             PayloadFrame{
                 true, false, true, {ByteView(metadata).first(5), ByteView(data).first(50)}}}));
  EXPECT_EQ(decode(fragments[2]).value(),
            (Frame{StreamId{4}, PayloadFrame{false, true, true, {{}, ByteView(data).first(50)}}}));
}

TEST(FragmentDeathTest, RefusesTypesThatHaveNoFragments) {
  EXPECT_DEATH((void)fragment(Frame{StreamId{1}, CancelFrame{}}, 64), "can be fragmented");
}

TEST(Reassembler, PutsInterleavedStreamsTogether) {
  Reassembler reassembler;
  const Bytes a(3, std::byte{1});
  const Bytes b(4, std::byte{2});
  EXPECT_EQ(reassembler.add(kStart, piece(2, true, a)).value(), std::nullopt);
  EXPECT_EQ(reassembler.add(kStart, piece(4, true, b)).value(), std::nullopt);
  EXPECT_EQ(reassembler.buffered(), 7U);
  EXPECT_TRUE(reassembler.contains(StreamId{2}));
  const Bytes aa(6, std::byte{1});
  const Bytes bb(8, std::byte{2});
  EXPECT_EQ(reassembler.add(kStart, piece(2, false, a)).value(), piece(2, false, aa));
  EXPECT_EQ(reassembler.add(kStart, piece(4, false, b)).value(), piece(4, false, bb));
  EXPECT_EQ(reassembler.buffered(), 8U);  // the last whole one, until it is released
  reassembler.release();
  EXPECT_EQ(reassembler.buffered(), 0U);
  EXPECT_FALSE(reassembler.contains(StreamId{2}));
}

TEST(Reassembler, RefusesMoreThanItsBoundOverAllStreams) {
  Reassembler reassembler(10);
  const Bytes six(6);
  ASSERT_TRUE(reassembler.add(kStart, piece(2, true, six)).has_value());
  EXPECT_EQ(reassembler.add(kStart, piece(4, true, six)).error(), ReassemblyError::kPayloadTooLong);
  EXPECT_EQ(reassembler.add(kStart, piece(2, false, six)).error(),
            ReassemblyError::kPayloadTooLong);
  EXPECT_EQ(reassembler.buffered(), 0U);
}

TEST(Reassembler, RefusesAFragmentWithoutProgress) {
  Reassembler reassembler;
  EXPECT_EQ(reassembler.add(kStart, piece(2, true, {})).error(), ReassemblyError::kNoProgress);
  ASSERT_TRUE(reassembler.add(kStart, piece(2, true, Bytes(1))).has_value());
  EXPECT_EQ(reassembler.add(kStart, piece(2, true, {})).error(), ReassemblyError::kNoProgress);
  EXPECT_FALSE(reassembler.contains(StreamId{2}));
}

TEST(Reassembler, RefusesMorePayloadsAtOnceThanInboundStreams) {
  Reassembler reassembler;
  for (std::uint32_t stream = 1; stream <= kInboundStreamsMax; ++stream) {
    ASSERT_TRUE(reassembler.add(kStart, piece(stream, true, Bytes(1))).has_value());
  }
  EXPECT_EQ(reassembler.add(kStart, piece(100, true, Bytes(1))).error(),
            ReassemblyError::kTooManyStreams);
}

TEST(Reassembler, ForgetsPayloadsThatTakeTooLong) {
  Reassembler reassembler;
  EXPECT_EQ(reassembler.next_timeout(), std::nullopt);
  ASSERT_TRUE(reassembler.add(kStart, piece(2, true, Bytes(1))).has_value());
  ASSERT_TRUE(reassembler.add(kStart + 1s, piece(4, true, Bytes(1))).has_value());
  ASSERT_TRUE(reassembler.add(kStart + 2s, piece(2, true, Bytes(1))).has_value());
  EXPECT_EQ(reassembler.next_timeout(), kStart + kReassemblyTime);
  EXPECT_TRUE(reassembler.expire(kStart + kReassemblyTime - 1ns).empty());
  EXPECT_EQ(reassembler.expire(kStart + kReassemblyTime), std::vector{StreamId{2}});
  EXPECT_EQ(reassembler.buffered(), 1U);
}

RC_GTEST_PROP(FragmentProperty, ReassemblyOfFragmentsIsTheFrame, ()) {
  FrameGenerator generate;
  const Frame drawn = generate.fragmentable(false);
  const auto metadata = *rc::gen::container<std::string>(*rc::gen::inRange<std::size_t>(0, 400),
                                                         rc::gen::arbitrary<char>());
  const auto data = *rc::gen::container<std::string>(*rc::gen::inRange<std::size_t>(0, 400),
                                                     rc::gen::arbitrary<char>());
  Frame frame = drawn;
  std::visit(
      [&](auto& body) {
        if constexpr (requires { body.follows; }) {
          if (body.payload.metadata) body.payload.metadata = base::as_bytes(metadata);
          body.payload.data = base::as_bytes(data);
        }
      },
      frame.body);
  const auto size_max = *rc::gen::inRange<std::size_t>(kFragmentBytesMin, 300);
  const std::vector<Bytes> fragments = fragment(frame, size_max);
  if (fragments.size() == 1) {
    RC_ASSERT(decode(fragments.front()).value() == frame);
    return;
  }
  Reassembler reassembler;
  for (std::size_t index = 0; index < fragments.size(); ++index) {
    const bool last = index + 1 == fragments.size();
    RC_ASSERT(fragments[index].size() <= size_max);
    RC_ASSERT((last || fragments[index].size() == size_max));
    const auto whole = reassembler.add(kStart, decode(fragments[index]).value()).value();
    RC_ASSERT(whole.has_value() == last);
    if (last) RC_ASSERT(*whole == frame);
  }
}

}  // namespace
}  // namespace prometheus_rsocket::rsocket
