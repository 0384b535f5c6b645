// What is packed here, other decoders must unpack to the same text: zlib's and libzstd's.

#include "http/encoder.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <zlib.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages.h"
#include "sim/peer/unpack.h"

namespace prometheus_rsocket::http {
namespace {

using Pieces = std::vector<std::string>;
using sim::peer::gunzip;
using sim::peer::unzstd;
using Step = Encoder::Step;

constexpr GzipEffort kEfforts[] = {GzipEffort::kFast, GzipEffort::kReproducible};

Exchange::BodySource source_of(const Pieces& pieces) {
  return [&pieces, next = std::size_t{0}](std::string& out) mutable {
    if (next == pieces.size()) return false;
    out += pieces[next++];
    return true;
  };
}

std::string joined(const Pieces& pieces) {
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  return text;
}

// An encoder on shard 0 of a few, and what lies between the shards.
struct Encoding {
  Encoding(ContentCoding coding, std::size_t shards, Compression compression,
           Exchange::BodySource source)
      : messages(shards) {
    encoder =
        Encoders(messages, 0, compression).make(coding, std::move(source), [this] { ++called; });
  }

  // All that comes, with messages delivered now and then, and where it waits for them.
  std::string run(std::uint32_t order) {
    std::string out;
    for (auto step = Step::kMore; step != Step::kEnd;) {
      step = encoder->next(out);
      order = order * 1664525U + 1013904223U;
      std::size_t count = order >> 30U;
      if (step == Step::kWait && count == 0) count = 1;
      for (; count > 0 && !messages.empty(); --count) messages.deliver(order >> 16U);
    }
    return out;
  }

  Messages messages;
  std::size_t called = 0;
  std::unique_ptr<Encoder> encoder;
};

// Whether it waits, once it has been asked often enough.
bool comes_to_a_halt(Encoder& encoder, std::string& out) {
  for (int i = 0; i < 1000; ++i) {
    if (encoder.next(out) == Step::kWait) return true;
  }
  return false;
}

std::string encode(ContentCoding coding, const Pieces& pieces) {
  return Encoding(coding, 1, {}, source_of(pieces)).run(0);
}

// By one stream of zlib's at level 1 that is flushed after each block.
std::string member_by_zlib(const Pieces& blocks) {
  z_stream stream{};
  if (deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string packed(joined(blocks).size() * 2 + 64 * (blocks.size() + 1), '\0');
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    std::string block = blocks[i];
    stream.next_in = reinterpret_cast<Bytef*>(block.data());
    stream.avail_in = static_cast<uInt>(block.size());
    deflate(&stream, i + 1 == blocks.size() ? Z_FINISH : Z_FULL_FLUSH);
  }
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return packed;
}

// ---- Gzip

TEST(Gzip, AnyPiecesOnAnyShardsInAnyOrderAreOneMemberOfTheirText) {
  EXPECT_TRUE(rc::check([](const Pieces& pieces, std::uint32_t order) {
    const auto effort = *rc::gen::elementOf(std::vector(std::begin(kEfforts), std::end(kEfforts)));
    const auto shards = *rc::gen::inRange<std::size_t>(1, 5);
    const auto block_bytes = *rc::gen::inRange<std::size_t>(1, 40);
    Encoding it(ContentCoding::kGzip, shards, {effort, block_bytes}, source_of(pieces));
    RC_ASSERT(gunzip(it.run(order)) == joined(pieces));
    RC_ASSERT(it.messages.empty());
  }));
}

TEST(Gzip, BlocksLargerThanItsRoomAreOneMemberToo) {
  EXPECT_TRUE(rc::check([](std::uint32_t seed) {
    Pieces pieces(5);  // of bytes that do not shrink
    for (std::string& piece : pieces) {
      for (int i = 0; i < 70'000; ++i) {
        seed = seed * 1664525U + 1013904223U;
        piece += static_cast<char>(seed >> 24U);
      }
    }
    const auto effort = *rc::gen::elementOf(std::vector(std::begin(kEfforts), std::end(kEfforts)));
    Encoding it(ContentCoding::kGzip, 3, {effort, kGzipBlockBytes}, source_of(pieces));
    RC_ASSERT(gunzip(it.run(seed)) == joined(pieces));
  }));
}

TEST(Gzip, AMegabyteOfMetricsShrinksAndComesBack) {
  Pieces pieces;
  for (int i = 0; pieces.size() < 16; ++i) {
    if (pieces.empty() || pieces.back().size() >= 65'536) pieces.emplace_back();
    pieces.back() += "http_requests_total{path=\"/a/" + std::to_string(i % 100) + "\"} " +
                     std::to_string(i) + "\n";
  }
  for (const GzipEffort effort : kEfforts) {
    const std::string packed =
        Encoding(ContentCoding::kGzip, 2, {effort, kGzipBlockBytes}, source_of(pieces)).run(1);
    EXPECT_EQ(gunzip(packed), joined(pieces));
    EXPECT_LT(packed.size(), joined(pieces).size() / 4);
  }
}

// The simulator compares runs by what is on their wires. ISA-L writes other bytes at some
// addresses, and on other processors; zlib has one code for all.
TEST(Gzip, TheReproducibleEffortIsZlibsWhicheverShardsDidIt) {
  EXPECT_TRUE(rc::check([](const Pieces& pieces, std::uint32_t order) {
    const auto shards = *rc::gen::inRange<std::size_t>(1, 5);
    const auto block_bytes = *rc::gen::inRange<std::size_t>(1, 40);
    Pieces blocks(1);
    for (const std::string& piece : pieces) {
      blocks.back() += piece;
      if (blocks.back().size() >= block_bytes) blocks.emplace_back();
    }
    Encoding it(ContentCoding::kGzip, shards, {GzipEffort::kReproducible, block_bytes},
                source_of(pieces));
    const auto behind_header = [](const std::string& member) { return member.substr(10); };
    RC_ASSERT(behind_header(it.run(order)) == behind_header(member_by_zlib(blocks)));
  }));
}

// They share the shards and what these work in.
TEST(Gzip, BodiesOfOneServerAtOnceAndInTurnAreMembersOfTheirOwn) {
  const Pieces pieces{"0123456789", "0123456789", "0123456789abc", "0123456789"};
  const Pieces others{"abc0123456789", "abc0123456789"};
  for (const GzipEffort effort : kEfforts) {
    Messages messages(2);
    const Encoders encoders(messages, 0, {effort, 10});
    for (int turn = 0; turn < 3; ++turn) {
      const auto one = encoders.make(ContentCoding::kGzip, source_of(pieces), [] {});
      const auto other = encoders.make(ContentCoding::kGzip, source_of(others), [] {});
      std::string out;
      std::string out_of_other;
      bool more = true;
      bool more_of_other = true;
      while (more || more_of_other) {
        if (more) more = one->next(out) != Step::kEnd;
        if (more_of_other) more_of_other = other->next(out_of_other) != Step::kEnd;
        if (!messages.empty()) messages.deliver(0);
      }
      EXPECT_EQ(gunzip(out), joined(pieces));
      EXPECT_EQ(gunzip(out_of_other), joined(others));
    }
  }
}

TEST(Gzip, AShortBodyKeepsNoOtherShardBusy) {
  const Pieces pieces{"a", "b", "c"};
  Encoding it(ContentCoding::kGzip, 4, {}, source_of(pieces));
  EXPECT_EQ(gunzip(it.run(0)), "abc");
  EXPECT_EQ(it.messages.sent(), 0U);
}

TEST(Gzip, TheOnlyShardSendsItselfNoMessages) {
  const Pieces pieces(100, "0123456789");
  Encoding it(ContentCoding::kGzip, 1, {GzipEffort::kFast, 10}, source_of(pieces));
  EXPECT_EQ(gunzip(it.run(0)), joined(pieces));
  EXPECT_EQ(it.messages.sent(), 0U);
}

TEST(Gzip, BlocksGoToTheOtherShardsInTurn) {
  const Pieces pieces(3, "0123456789");
  Encoding it(ContentCoding::kGzip, 4, {GzipEffort::kFast, 10}, source_of(pieces));
  std::string out;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(it.encoder->next(out), Step::kMore);
  for (std::size_t shard = 1; shard < 4; ++shard) EXPECT_EQ(it.messages.waiting(0, shard), 1U);
}

// The first of them is slow: what the others do is held, and no more of it than may be.
TEST(Gzip, NoMoreThanAFewBlocksAreHeld) {
  std::size_t asked = 0;
  const auto endless = [&asked](std::string& out) {
    ++asked;
    out += "0123456789";
    return true;
  };
  for (const std::size_t shards : {2U, 3U, 16U}) {
    asked = 0;
    Encoding it(ContentCoding::kGzip, shards, {GzipEffort::kFast, 10}, endless);
    std::string out;
    ASSERT_TRUE(comes_to_a_halt(*it.encoder, out));
    for (int i = 0; i < 10; ++i) EXPECT_EQ(it.encoder->next(out), Step::kWait);
    EXPECT_EQ(asked, kGzipBlocksMax);
    EXPECT_EQ(out, "");
    for (std::size_t shard = 1; shard < shards; ++shard) {
      EXPECT_LE(it.messages.waiting(0, shard), kGzipBlocksPerShardMax);
    }
  }
}

TEST(Gzip, WhoWaitsIsCalledWhenTheNextBlockInOrderIsThere) {
  const Pieces pieces(2, "0123456789");
  Encoding it(ContentCoding::kGzip, 3, {GzipEffort::kFast, 10}, source_of(pieces));
  std::string out;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(it.encoder->next(out), Step::kMore);
  EXPECT_EQ(it.encoder->next(out), Step::kWait);  // the last block is empty, and on its way
  it.messages.deliver(1);                         // shard 2 deflates
  it.messages.deliver(1);                         // … and says so
  EXPECT_EQ(it.called, 0U);
  it.messages.deliver_all();
  EXPECT_GE(it.called, 1U);
  EXPECT_EQ(it.encoder->next(out), Step::kEnd);
  EXPECT_EQ(gunzip(out), joined(pieces));
}

TEST(Gzip, WhatArrivesWhenTheEncoderIsGoneIsDropped) {
  for (int delivered = 0; delivered < 6; ++delivered) {
    auto body = std::make_shared<int>();
    Encoding it(ContentCoding::kGzip, 3, {GzipEffort::kFast, 10},
                [body](std::string& out) { return out += "0123456789", true; });
    std::string out;
    ASSERT_TRUE(comes_to_a_halt(*it.encoder, out));
    for (int i = 0; i < delivered; ++i) it.messages.deliver(static_cast<std::size_t>(i));
    const std::size_t called = it.called;
    it.encoder.reset();
    EXPECT_EQ(body.use_count(), 1);
    it.messages.deliver_all();
    EXPECT_EQ(it.called, called);
  }
}

TEST(Gzip, BlocksUnderWayMayOutliveTheEncoderAndBeDestroyedUncalled) {
  std::optional<Messages> messages(std::in_place, 3);
  std::size_t called = 0;
  {
    const Encoders encoders(*messages, 0, {GzipEffort::kFast, 10});
    const auto encoder = encoders.make(
        ContentCoding::kGzip, [](std::string& out) { return out += "0123456789", true; },
        [&called] { ++called; });
    std::string out;
    ASSERT_TRUE(comes_to_a_halt(*encoder, out));
  }
  messages->deliver(0);  // this one is deflated, in what the encoders left it
  EXPECT_FALSE(messages->empty());
  messages.reset();
  EXPECT_EQ(called, 0U);
}

TEST(Gzip, TheSourceIsDestroyedWhenItHasEnded) {
  for (const auto coding : {ContentCoding::kIdentity, ContentCoding::kGzip, ContentCoding::kZstd}) {
    auto body = std::make_shared<int>();
    Encoding it(coding, 2, {GzipEffort::kFast, 10},
                [body, more = 2](std::string& out) mutable { return out += "0123456789", --more; });
    it.run(0);
    EXPECT_EQ(body.use_count(), 1) << name_of(coding);
  }
}

// ---- Zstandard

TEST(Zstd, AnyPiecesAreOneFrameOfTheirText) {
  EXPECT_TRUE(rc::check([](const Pieces& pieces) {
    RC_ASSERT(unzstd(encode(ContentCoding::kZstd, pieces)) == joined(pieces));
  }));
}

Pieces pages_of_metrics() {
  Pieces pieces(40);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    while (pieces[i].size() < 65'536) {
      pieces[i] += "http_requests_total{path=\"/a/" + std::to_string(i * 31 % 17) + "\"} " +
                   std::to_string(pieces[i].size() * (i + 1)) + "\n";
    }
  }
  return pieces;
}

TEST(Zstd, MegabytesOfMetricsShrinkAndComeBack) {
  const Pieces pieces = pages_of_metrics();
  const std::string packed = encode(ContentCoding::kZstd, pieces);
  EXPECT_TRUE(unzstd(packed) == joined(pieces));
  EXPECT_LT(packed.size(), joined(pieces).size() / 4);
}

// As the simulator needs it: it has no other effort.
TEST(Zstd, TheBytesDoNotDependOnWhereTheyAreMade) {
  const Pieces pieces = pages_of_metrics();
  const std::string packed = encode(ContentCoding::kZstd, pieces);
  for (std::size_t shift = 1; shift < 20; ++shift) {
    const std::string moves_the_heap(shift * 4099, 'x');
    Encoding it(ContentCoding::kZstd, 1, {},
                [source = source_of(pieces)](std::string& out) { return source(out); });
    EXPECT_TRUE(it.run(0) == packed);
  }
}

// ---- All of them

TEST(Encoder, AnEmptyBodyHasItsCodingToo) {
  EXPECT_EQ(encode(ContentCoding::kIdentity, {}), "");
  EXPECT_EQ(gunzip(encode(ContentCoding::kGzip, {})), "");
  EXPECT_EQ(unzstd(encode(ContentCoding::kZstd, {})), "");
}

TEST(Encoder, WithoutACodingThePiecesAreAsTheyWere) {
  const Pieces pieces{"a", "", "b"};
  Encoding it(ContentCoding::kIdentity, 2, {}, source_of(pieces));
  for (const std::string& piece : pieces) {
    std::string out;
    EXPECT_EQ(it.encoder->next(out), Step::kMore);
    EXPECT_EQ(out, piece);
  }
  std::string out;
  EXPECT_EQ(it.encoder->next(out), Step::kEnd);
}

// What judges all these has to be strict: curl reads one member and stops.
TEST(Unpack, TellsWhatIsNotExactlyOne) {
  const std::string member = encode(ContentCoding::kGzip, {"a"});
  const std::string frame = encode(ContentCoding::kZstd, {"a"});
  for (const std::string& wrong :
       {std::string(), std::string("plain"), member + member, member + '\0', frame + frame,
        member.substr(0, member.size() - 1), frame.substr(0, frame.size() - 1)}) {
    EXPECT_EQ(gunzip(wrong), std::nullopt);
    EXPECT_EQ(unzstd(wrong), std::nullopt);
  }
}

}  // namespace
}  // namespace prometheus_rsocket::http
