#include "envelope/envelope.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <snappy.h>

#include "envelope/aes.h"
#include "java_vector.h"
#include "support.h"

namespace prometheus_rsocket::envelope {
namespace {

using base::Bytes;

// `compressed` as a client would seal it, whatever it is.
Sealed seal_raw(std::string_view compressed, const PrivateKey& key) {
  SeededRandom random(7);
  AesKey aes_key;
  random.fill(aes_key.bytes);
  Bytes data = base::copy(base::as_bytes(compressed));
  encrypt_padded(aes_key, data);
  return {public_half(key)->wrap(aes_key, random).value(), std::move(data)};
}

std::string snappy_of(std::string_view text) {
  std::string compressed;
  snappy::Compress(text.data(), text.size(), &compressed);
  return compressed;
}

boost::system::error_code open_error(const Sealed& sealed, const Keys& keys,
                                     const Limits& limits = {}) {
  std::string buffer;
  const auto opened = open(sealed.metadata, sealed.data, keys, limits, buffer);
  return opened ? boost::system::error_code() : opened.error();
}

// Counts unwraps, so that a test sees what a failure costs.
class CountingKey final : public PrivateKey {
 public:
  explicit CountingKey(std::shared_ptr<const PrivateKey> key) : key_(std::move(key)) {}
  base::ByteView public_key_der() const override { return key_->public_key_der(); }
  boost::system::result<AesKey> unwrap(base::ByteView wrapped) const override {
    ++count;
    return key_->unwrap(wrapped);
  }
  mutable int count = 0;

 private:
  std::shared_ptr<const PrivateKey> key_;
};

RC_GTEST_PROP(Envelope, WhatWasSealedOpensAsTheSameText, (std::uint64_t seed)) {
  const auto points = *rc::gen::container<std::string>(rc::gen::inRange('\1', '\x7F'));
  const std::string text =
      points + *rc::gen::element<std::string>("", "\xC3\xBC", "\xF0\x9F\x98\x80");
  const auto index = *rc::gen::inRange<std::size_t>(0, 2);
  SeededRandom random(seed);
  const Sealed sealed = seal(text, *public_half(*test_keys()[index]), random).value();
  std::string buffer = "what was there before";
  const Opened opened = open(sealed.metadata, sealed.data, test_keys(), {}, buffer).value();
  RC_ASSERT(opened.text == text);
  RC_ASSERT(opened.key_index == index);
}

RC_GTEST_PROP(Envelope, AFlippedBitInTheMetadataCannotBeOpened, ()) {
  SeededRandom random(3);
  Sealed sealed = seal("up 1\n", *public_half(*test_keys()[0]), random).value();
  const auto bit = *rc::gen::inRange<std::size_t>(0, sealed.metadata.size() * 8);
  sealed.metadata[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
  RC_ASSERT(open_error(sealed, test_keys()) == EnvelopeError::kCannotOpen);
}

// ECB authenticates nothing: a flip may decompress to other text, but never to what was sealed.
RC_GTEST_PROP(Envelope, AFlippedBitInTheDataNeverOpensAsTheTextThatWasSealed, ()) {
  SeededRandom random(4);
  const std::string text = "# TYPE up gauge\nup{job=\"a\"} 1.0\nup{job=\"b\"} 1.0\n";
  Sealed sealed = seal(text, *public_half(*test_keys()[0]), random).value();
  const auto bit = *rc::gen::inRange<std::size_t>(0, sealed.data.size() * 8);
  sealed.data[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
  std::string buffer;
  const auto opened = open(sealed.metadata, sealed.data, test_keys(), {}, buffer);
  const bool silent = opened && opened->text == text;
  RC_ASSERT(!silent);
}

TEST(Envelope, APayloadOfAJavaClientOpens) {
  const Keys keys = {read_rsa_private_key(from_hex(java_vector::kPkcs8)).value()};
  std::string buffer;
  const auto opened =
      open(from_hex(java_vector::kMetadata), from_hex(java_vector::kData), keys, {}, buffer);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->text, java_vector::kText);
}

TEST(Envelope, PlaintextNeedsNoKey) {
  std::string buffer;
  const auto opened =
      open(base::as_bytes("plaintext"), base::as_bytes("up 1\n"), Keys{}, {}, buffer);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->text, "up 1\n");
  EXPECT_FALSE(opened->key_index);
}

TEST(Envelope, PlaintextIsHeldToTheLimit) {
  const Bytes metadata = base::copy(base::as_bytes("plaintext"));
  EXPECT_EQ(open_error({metadata, Bytes(5)}, {}, {.text_size_max = 4}),
            EnvelopeError::kTextTooLarge);
}

TEST(Envelope, EveryFailureCostsOneUnwrapOfEachKey) {
  const auto first = std::make_shared<CountingKey>(test_keys()[0]);
  const auto second = std::make_shared<CountingKey>(test_keys()[1]);
  Sealed sealed = seal_raw(snappy_of("up 1\n"), *first);
  sealed.data.back() ^= std::byte{1};  // the key unwraps, the padding does not hold
  EXPECT_EQ(open_error(sealed, {first, second}), EnvelopeError::kCannotOpen);
  EXPECT_EQ(first->count, 1);
  EXPECT_EQ(second->count, 1);
  sealed.metadata.back() ^= std::byte{1};
  EXPECT_EQ(open_error(sealed, {first, second}), EnvelopeError::kCannotOpen);
  EXPECT_EQ(first->count, 2);
  EXPECT_EQ(second->count, 2);
}

TEST(Envelope, DataUnderTheStandInKeyOfAFailedUnwrapDoesNotOpen) {
  Sealed sealed{Bytes(128), base::copy(base::as_bytes(snappy_of("up 1\n")))};
  encrypt_padded(AesKey{}, sealed.data);
  EXPECT_EQ(open_error(sealed, test_keys()), EnvelopeError::kCannotOpen);
}

TEST(Envelope, AFourthKeyIsNotTried) {
  const auto other = test_keys()[0];
  const auto right = test_keys()[1];
  const Sealed sealed = seal_raw(snappy_of("up 1\n"), *right);
  EXPECT_FALSE(open_error(sealed, {other, other, right}));
  EXPECT_EQ(open_error(sealed, {other, other, other, right}), EnvelopeError::kCannotOpen);
}

TEST(Envelope, DataThatIsNotWholeBlocksCannotBeOpened) {
  Sealed sealed = seal_raw(snappy_of("up 1\n"), *test_keys()[0]);
  sealed.data.pop_back();
  EXPECT_EQ(open_error(sealed, test_keys()), EnvelopeError::kCannotOpen);
  sealed.data.clear();
  EXPECT_EQ(open_error(sealed, test_keys()), EnvelopeError::kCannotOpen);
}

TEST(Envelope, ATextOverTheLimitIsRefusedAndAtTheLimitOpens) {
  const Sealed sealed = seal_raw(snappy_of(std::string(1000, 'a')), *test_keys()[0]);
  EXPECT_FALSE(open_error(sealed, test_keys(), {.text_size_max = 1000}));
  EXPECT_EQ(open_error(sealed, test_keys(), {.text_size_max = 999}), EnvelopeError::kTextTooLarge);
}

TEST(Envelope, ADeclaredSizeThatCannotBeTrueAllocatesNothing) {
  const Sealed sealed = seal_raw("\x80\x80\x80\x10 a", *test_keys()[0]);  // declares 32 MiB
  std::string buffer;
  EXPECT_EQ(open(sealed.metadata, sealed.data, test_keys(), {}, buffer).error(),
            EnvelopeError::kMalformedSnappy);
  EXPECT_LT(buffer.capacity(), 1024U);
}

TEST(Envelope, MalformedSnappyHasItsOwnCode) {
  std::string cut = snappy_of("a text that is not compressible");
  cut.pop_back();
  EXPECT_EQ(open_error(seal_raw(cut, *test_keys()[0]), test_keys()),
            EnvelopeError::kMalformedSnappy);
  EXPECT_EQ(open_error(seal_raw("", *test_keys()[0]), test_keys()),
            EnvelopeError::kMalformedSnappy);
}

TEST(Aes, OnlyPaddingOfOneToSixteenEqualBytesHolds) {
  const AesKey key{};
  for (unsigned last = 0; last < 256; ++last) {
    for (unsigned filled = 0; filled <= 16; ++filled) {  // bytes at the end that equal the last
      Bytes block(16, static_cast<std::byte>(last ^ 0x55));
      std::fill(block.end() - filled, block.end(), static_cast<std::byte>(last));
      block.back() = static_cast<std::byte>(last);
      Bytes data = block;
      encrypt_padded(key, data);
      data.resize(16);  // the block as it stands, without the padding just added
      const auto plain = decrypt_padded(key, data);
      const bool holds = last >= 1 && last <= 16 && std::max(filled, 1U) >= last;
      ASSERT_EQ(plain.has_value(), holds) << last << ' ' << filled;
      if (holds) {
        ASSERT_EQ(plain->size(), 16 - last);
      }
    }
  }
}

}  // namespace
}  // namespace prometheus_rsocket::envelope
