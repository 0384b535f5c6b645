// What ISA-L packs, zlib must unpack: another implementation is the oracle.

#include "http/gzip.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <zlib.h>

#include <string>
#include <vector>

namespace prometheus_rsocket::http {
namespace {

// One gzip member to its text; empty and `whole` false when it is not exactly one.
std::string unpack(std::string packed, bool& whole) {
  z_stream stream{};
  whole = false;
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  std::string room(1 << 16, '\0');
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = static_cast<uInt>(room.size());
    status = inflate(&stream, Z_NO_FLUSH);
    text.append(room.data(), room.size() - stream.avail_out);
  }
  whole = status == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  return text;
}

// All at once, at level 1.
std::string packed_by_zlib(std::string text) {
  z_stream stream{};
  if (deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int status = deflate(&stream, Z_FINISH);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return status == Z_STREAM_END ? packed : "";
}

constexpr GzipEffort kEfforts[] = {GzipEffort::kFast, GzipEffort::kReproducible};

TEST(Gzip, OneMemberHoldsAllPiecesWhateverTheirSizes) {
  EXPECT_TRUE(rc::check([](const std::vector<std::string>& pieces, bool end_with_empty) {
    Gzip gzip(*rc::gen::element(GzipEffort::kFast, GzipEffort::kReproducible));
    std::string packed;
    std::string text;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const bool last = !end_with_empty && i + 1 == pieces.size();
      gzip.compress(pieces[i], last, packed);
      text += pieces[i];
    }
    if (end_with_empty || pieces.empty()) gzip.compress({}, true, packed);
    bool whole = false;
    const std::string unpacked = unpack(packed, whole);
    RC_ASSERT(whole);
    RC_ASSERT(unpacked == text);
  }));
}

TEST(Gzip, AMegabyteOfMetricsShrinksAndComesBack) {
  std::string text;
  for (int i = 0; text.size() < (1U << 20U); ++i) {
    text += "http_requests_total{path=\"/a/" + std::to_string(i % 100) + "\"} " +
            std::to_string(i) + "\n";
  }
  for (const GzipEffort effort : kEfforts) {
    Gzip gzip(effort);
    std::string packed;
    for (std::size_t at = 0; at < text.size(); at += 65536) {
      gzip.compress(std::string_view(text).substr(at, 65536), at + 65536 >= text.size(), packed);
    }
    bool whole = false;
    EXPECT_EQ(unpack(packed, whole), text);
    EXPECT_TRUE(whole);
    EXPECT_LT(packed.size(), text.size() / 4);
  }
}

// The simulator compares runs by what is on their wires. ISA-L writes other bytes at some
// addresses, and on other processors; zlib has one code for all.
TEST(Gzip, TheReproducibleEffortIsZlibs) {
  EXPECT_TRUE(rc::check([](const std::vector<std::string>& pieces) {
    Gzip gzip(GzipEffort::kReproducible);
    std::string packed;
    std::string text;
    for (const std::string& piece : pieces) {
      gzip.compress(piece, false, packed);
      text += piece;
    }
    gzip.compress({}, true, packed);
    RC_ASSERT(packed == packed_by_zlib(text));
  }));
}

}  // namespace
}  // namespace prometheus_rsocket::http
