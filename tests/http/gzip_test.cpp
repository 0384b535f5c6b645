// What ISA-L packs, zlib must unpack: another implementation is the oracle.

#include "http/gzip.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <rapidcheck.h>
#include <sys/mman.h>
#include <zlib.h>

#include <random>
#include <set>
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

TEST(Gzip, OneMemberHoldsAllPiecesWhateverTheirSizes) {
  EXPECT_TRUE(rc::check([](const std::vector<std::string>& pieces, bool end_with_empty) {
    Gzip gzip;
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
  Gzip gzip;
  std::string packed;
  for (std::size_t at = 0; at < text.size(); at += 65536) {
    gzip.compress(std::string_view(text).substr(at, 65536), at + 65536 >= text.size(), packed);
  }
  bool whole = false;
  EXPECT_EQ(unpack(packed, whole), text);
  EXPECT_TRUE(whole);
  EXPECT_LT(packed.size(), text.size() / 4);
}

// Address space that is held and not used: the next block of memory is mapped below it.
class Hole {
 public:
  explicit Hole(std::size_t bytes)
      : bytes_(bytes),
        begin_(
            mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
  ~Hole() { munmap(begin_, bytes_); }
  Hole(const Hole&) = delete;
  Hole& operator=(const Hole&) = delete;

 private:
  std::size_t bytes_;
  void* begin_;
};

// The simulator compares runs by what is on their wires. At its level 1 ISA-L writes this page with
// one byte more when it works at certain addresses, about one in ten thousand: one run of this test
// in four or so meets one.
TEST(Gzip, TheReproducibleEffortWritesTheSameBytesWhereverItWorks) {
  constexpr int kAddresses = 10'000;
  constexpr std::size_t kPageBytes = 4096;
  // Whatever is larger than this is mapped, by glibc's malloc.
  if (mallopt(M_MMAP_THRESHOLD, 64 * 1024) != 1) {
    GTEST_SKIP()
        << "this malloc, a sanitizer's, does not say where it puts what: nothing was tried";
  }
  std::string text =
      "# TYPE sim_latest gauge\nsim_latest{instance=\"4\"} 1\nsim_latest{instance=\"1\"} 1\n"
      "# TYPE sim_sample gauge\n";
  for (int key = 0; key < 19; ++key) {
    text += "sim_sample{instance=\"4\",incarnation=\"1\",key=\"" + std::to_string(key) +
            "\",sequence=\"1\"} 8997271\n";
  }
  text += "sim_sample{instance=\"1\",incarnation=\"1\",key=\"0\",sequence=\"1\"} 8994762\n";
  std::mt19937 random;  // NOLINT(cert-msc51-cpp): the same holes each time
  std::set<std::string> outputs;
  for (int i = 0; i < kAddresses; ++i) {
    const Hole hole(kPageBytes * (1 + random() % (1U << 20U)));
    Gzip gzip(GzipEffort::kReproducible);
    std::string packed;
    gzip.compress(text, false, packed);
    gzip.compress(std::string_view(text).substr(text.size()), true, packed);
    outputs.insert(std::move(packed));
  }
  EXPECT_EQ(outputs.size(), 1);
}

}  // namespace
}  // namespace prometheus_rsocket::http
