#include "base/sip_hash.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace prometheus_rsocket::base {
namespace {

constexpr SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

// The hash of the bytes 0, 1, 2 … of each length from 0 on, as Rust's core library tests it
// (test_siphash_1_3): all lengths of a tail, behind no word, one and two.
constexpr std::array<std::uint64_t, 24> kHashes = {
    0xabac0158050fc4dc, 0xc9f49bf37d57ca93, 0x82cb9b024dc7d44d, 0x8bf80ab8e7ddf7fb,
    0xcf75576088d38328, 0xdef9d52f49533b67, 0xc50d2b50c59f22a7, 0xd3927d989bb11140,
    0x369095118d299a8e, 0x25a48eb36c063de4, 0x79de85ee92ff097f, 0x70c118c1f94dc352,
    0x78a384b157b4d9a2, 0x306f760c1229ffa7, 0x605aa111c0f95d34, 0xd320d86d2a519956,
    0xcc4fdd1a7d908b66, 0x9cf2689063dbd80c, 0x8ffc389cb473e63e, 0xf21f9de58d297d1c,
    0xc0dc2f46a6cce040, 0xb992abfe2b45f844, 0x7ffe7b9ba320872e, 0x525a0e7fdae6c123};

std::string bytes_of(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(i);
  return bytes;
}

TEST(SipHash, IsThatOfThePublishedVectors) {
  for (std::size_t size = 0; size < kHashes.size(); ++size) {
    EXPECT_EQ(sip_hash(kKey, bytes_of(size)), kHashes[size]) << size << " bytes";
  }
  EXPECT_EQ(sip_hash(kKey, bytes_of(63)), 0x9d199062b7bbb3a8);
}

TEST(SipHash, AnotherKeyIsAnotherHash) {
  EXPECT_NE(sip_hash({1, 0}, "a"), sip_hash({0, 0}, "a"));
  EXPECT_NE(sip_hash({0, 1}, "a"), sip_hash({0, 0}, "a"));
}

}  // namespace
}  // namespace prometheus_rsocket::base
