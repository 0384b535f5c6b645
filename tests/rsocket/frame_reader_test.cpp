#include "rsocket/frame_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <utility>

#include "generate.h"
#include "hex.h"
#include "rsocket/limits.h"

namespace prometheus_rsocket::rsocket {
namespace {

void feed(FrameReader& reader, ByteView bytes) {
  while (!bytes.empty()) {
    const auto room = reader.prepare();
    const std::size_t count = std::min(room.size(), bytes.size());
    std::ranges::copy(bytes.first(count), room.begin());
    reader.commit(count);
    bytes = bytes.subspan(count);
  }
}

Bytes with_prefix(ByteView frame) {
  Bytes bytes(kLengthPrefixBytes);
  encode_length_prefix(frame.size(), std::span<std::byte, 3>(bytes));
  bytes.insert(bytes.end(), frame.begin(), frame.end());
  return bytes;
}

std::vector<Bytes> drain(FrameReader& reader) {
  std::vector<Bytes> frames;
  while (const auto frame = reader.next().value()) frames.push_back(base::copy(*frame));
  return frames;
}

TEST(FrameReader, WritesThePrefixOfTheJavaSetup) {
  EXPECT_EQ(with_prefix(Bytes(56)).at(2), std::byte{0x38});
}

TEST(FrameReader, GivesAFrameOnlyWhenItsLastByteCame) {
  FrameReader reader;
  const Bytes bytes = hex("000006 00000001 2860");
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    EXPECT_EQ(reader.next().value(), std::nullopt) << at;
    EXPECT_EQ(reader.buffered(), at);
    feed(reader, ByteView(bytes).subspan(at, 1));
  }
  EXPECT_EQ(drain(reader), std::vector<Bytes>{hex("00000001 2860")});
  EXPECT_EQ(reader.buffered(), 0U);
}

TEST(FrameReader, RefusesALengthBelowTheHeaderForGood) {
  FrameReader reader;
  feed(reader, hex("000005"));
  EXPECT_EQ(reader.next().error(), FrameError::kHeaderTooShort);
  feed(reader, hex("000006 00000001 2860"));
  EXPECT_EQ(reader.next().error(), FrameError::kHeaderTooShort);
}

TEST(FrameReader, JudgesTheLengthAsSoonAsTheTypeIsThere) {
  FrameReader reader;
  feed(reader, hex("000401 00000000"));
  EXPECT_EQ(reader.next().value(), std::nullopt);
  feed(reader, hex("0C"));
  EXPECT_EQ(reader.next().error(), FrameError::kFrameTooLong);
}

TEST(FrameReader, HoldsNoMemoryForAClaimOfSixteenMebibytesAndSilence) {
  FrameReader reader;
  feed(reader, hex("FFFFFF 00000001 2860"));
  EXPECT_EQ(reader.next().value(), std::nullopt);
  EXPECT_LE(reader.prepare().size() + reader.buffered(), FrameReader::kIdleBufferBytes);
}

TEST(FrameReader, HoldsAtMostSixteenTimesWhatArrivedAndOfMuchTwice) {
  FrameReader reader;
  feed(reader, hex("FFFFFF 00000001 2860"));
  for (int step = 0; step < 5'000; ++step) {
    feed(reader, Bytes(100));
    EXPECT_EQ(reader.next().value(), std::nullopt);
    const std::size_t arrived = reader.buffered();
    const std::size_t held = reader.prepare().size() + arrived;
    EXPECT_LE(held, std::max({FrameReader::kIdleBufferBytes, 2 * arrived + 512,
                              std::min(16 * arrived, FrameReader::kQuickBufferBytes)}));
  }
}

TEST(FrameReader, AFrameThatComesByteByByteMovesTheBufferSeldom) {
  FrameReader reader;
  feed(reader, hex("FFFFFF 00000001 2860"));
  int resized = 0;
  std::size_t size = 0;
  for (int i = 0; i < 20'000; ++i) {
    feed(reader, Bytes(1));
    EXPECT_EQ(reader.next().value(), std::nullopt);
    const std::size_t now = reader.prepare().size() + reader.buffered();
    if (std::exchange(size, now) != now) ++resized;
  }
  EXPECT_LE(resized, 4);
}

TEST(FrameReader, TakesAUsualReplyInThreeReads) {
  FrameReader reader;
  const Bytes reply = with_prefix(
      encode(Frame{StreamId{1}, PayloadFrame{false, true, true, {std::nullopt, Bytes(16'000)}}}));
  base::ByteView rest = reply;
  int reads = 0;
  while (!rest.empty()) {
    ++reads;
    const auto room = reader.prepare();
    const std::size_t size = std::min(room.size(), rest.size());
    std::ranges::copy(rest.first(size), room.begin());
    reader.commit(size);
    rest = rest.subspan(size);
    if (!rest.empty()) {
      EXPECT_EQ(reader.next().value(), std::nullopt);
    }
  }
  EXPECT_EQ(reads, 3);
  EXPECT_EQ(drain(reader).size(), 1U);
}

TEST(FrameReader, IsSmallAgainAfterALargeFrame) {
  FrameReader reader;
  feed(reader, with_prefix(encode(Frame{
                   StreamId{1}, PayloadFrame{false, true, true, {std::nullopt, Bytes(1 << 20)}}})));
  EXPECT_EQ(drain(reader).size(), 1U);
  EXPECT_EQ(reader.prepare().size(), FrameReader::kIdleBufferBytes);
}

TEST(FrameReader, TakesTheLongestFrame) {
  FrameReader reader;
  Bytes frame = hex("00000001 2860");
  frame.resize(kFrameBytesMax);
  feed(reader, with_prefix(frame));
  EXPECT_EQ(drain(reader), std::vector<Bytes>{frame});
}

TEST(FrameReader, GivesTheFrameBehindASkippedOne) {
  FrameReader reader;
  feed(reader, hex("00000A 00000001 2860 01"));
  ASSERT_EQ(reader.next().value(), std::nullopt);
  EXPECT_EQ(base::copy(reader.arriving()), hex("00000001 2860 01"));
  reader.skip();
  EXPECT_TRUE(reader.arriving().empty());
  feed(reader, hex("020304 000006 00000003 2860"));
  EXPECT_EQ(drain(reader), std::vector<Bytes>{hex("00000003 2860")});
  EXPECT_EQ(reader.buffered(), 0U);
}

TEST(FrameReader, HoldsLittleWhileItSkips) {
  FrameReader reader;
  feed(reader, hex("FFFFFF 00000001 2860"));
  feed(reader, Bytes(1 << 20));
  ASSERT_EQ(reader.next().value(), std::nullopt);
  reader.skip();
  for (int step = 0; step < 100; ++step) {
    EXPECT_LE(reader.prepare().size() + reader.buffered(), FrameReader::kSkipBufferBytes);
    feed(reader, Bytes(1000));
    EXPECT_EQ(reader.next().value(), std::nullopt);
  }
}

RC_GTEST_PROP(FrameReaderProperty, AnySplitAndAnySkipGiveTheOtherFrames, ()) {
  FrameGenerator generate;
  std::vector<Bytes> sent;
  Bytes stream;
  const auto count = *rc::gen::inRange(0, 8);
  for (int index = 0; index < count; ++index) {
    sent.push_back(encode(generate.frame()));
    const Bytes prefixed = with_prefix(sent.back());
    stream.insert(stream.end(), prefixed.begin(), prefixed.end());
  }
  FrameReader reader;
  std::vector<Bytes> received;
  std::vector<std::size_t> skipped;  // by their place in `sent`
  for (ByteView rest = stream; !rest.empty();) {
    const auto size = std::min(*rc::gen::inRange<std::size_t>(1, 300), rest.size());
    feed(reader, rest.first(size));
    rest = rest.subspan(size);
    if (!*rc::gen::arbitrary<bool>()) continue;
    for (Bytes& frame : drain(reader)) received.push_back(std::move(frame));
    if (reader.arriving().empty() || !*rc::gen::arbitrary<bool>()) continue;
    skipped.push_back(received.size() + skipped.size());
    reader.skip();
  }
  for (Bytes& frame : drain(reader)) received.push_back(std::move(frame));
  for (auto at = skipped.rbegin(); at != skipped.rend(); ++at) {
    sent.erase(sent.begin() + static_cast<std::ptrdiff_t>(*at));
  }
  RC_ASSERT(received == sent);
  RC_ASSERT(reader.buffered() == 0U);
}

RC_GTEST_PROP(FrameReaderProperty, AnySplitGivesTheSameFrames, ()) {
  FrameGenerator generate;
  std::vector<Bytes> sent;
  Bytes stream;
  const auto count = *rc::gen::inRange(0, 8);
  for (int index = 0; index < count; ++index) {
    sent.push_back(encode(generate.frame()));
    const Bytes prefixed = with_prefix(sent.back());
    stream.insert(stream.end(), prefixed.begin(), prefixed.end());
  }
  FrameReader reader;
  std::vector<Bytes> received;
  for (ByteView rest = stream; !rest.empty();) {
    const auto size = std::min(*rc::gen::inRange<std::size_t>(1, 300), rest.size());
    feed(reader, rest.first(size));
    rest = rest.subspan(size);
    if (*rc::gen::arbitrary<bool>()) {
      for (Bytes& frame : drain(reader)) received.push_back(std::move(frame));
    }
  }
  for (Bytes& frame : drain(reader)) received.push_back(std::move(frame));
  RC_ASSERT(received == sent);
  RC_ASSERT(reader.buffered() == 0U);
}

}  // namespace
}  // namespace prometheus_rsocket::rsocket
