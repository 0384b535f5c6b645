#include "envelope/rsa_key.h"

#include <cryptopp/osrng.h>
#include <cryptopp/queue.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <rapidcheck/gtest.h>

#include "envelope/error.h"
#include "envelope/oaep.h"
#include "java_vector.h"
#include "support.h"

namespace prometheus_rsocket::envelope {
namespace {

using base::Bytes;

// The private operation as Crypto++ does it: the oracle.
boost::system::result<AesKey> unwrap_with_cryptopp(const Bytes& pkcs8, const Bytes& wrapped) {
  CryptoPP::ByteQueue queue;
  queue.Put(reinterpret_cast<const CryptoPP::byte*>(pkcs8.data()), pkcs8.size());
  RsaOaep::Decryptor decryptor;
  decryptor.AccessKey().Load(queue);
  if (wrapped.size() != decryptor.FixedCiphertextLength()) return EnvelopeError::kCannotOpen;
  CryptoPP::AutoSeededRandomPool blinding;
  Bytes plain(decryptor.FixedMaxPlaintextLength());
  const auto done =
      decryptor.Decrypt(blinding, reinterpret_cast<const CryptoPP::byte*>(wrapped.data()),
                        wrapped.size(), reinterpret_cast<CryptoPP::byte*>(plain.data()));
  if (!done.isValidCoding || done.messageLength != 16) return EnvelopeError::kCannotOpen;
  AesKey key;
  std::copy_n(plain.begin(), 16, key.bytes.begin());
  return key;
}

RC_GTEST_PROP(RsaKey, OpenSslAndCryptoppUnwrapAlike, (std::uint64_t seed, bool spoil)) {
  static const Bytes pkcs8 = from_hex(java_vector::kPkcs8);
  static const auto key = read_rsa_private_key(pkcs8).value();
  SeededRandom random(seed);
  AesKey aes_key;
  random.fill(aes_key.bytes);
  Bytes wrapped = public_half(*key)->wrap(aes_key, random).value();
  if (spoil) wrapped[*rc::gen::inRange<std::size_t>(1, wrapped.size())] ^= std::byte{1};
  const auto ours = key->unwrap(wrapped);
  const bool alike = ours == unwrap_with_cryptopp(pkcs8, wrapped);
  RC_ASSERT(alike);
  RC_ASSERT(ours.has_value() == !spoil);
  const bool right = spoil || *ours == aes_key;
  RC_ASSERT(right);
}

TEST(RsaKey, AKeyWrappedByJavaUnwraps) {
  const auto key = read_rsa_private_key(from_hex(java_vector::kPkcs8)).value();
  const Bytes spki = from_hex(java_vector::kSpki);
  EXPECT_TRUE(std::ranges::equal(key->public_key_der(), spki));
  const auto unwrapped = key->unwrap(from_hex(java_vector::kMetadata));
  ASSERT_TRUE(unwrapped);
  EXPECT_TRUE(std::ranges::equal(unwrapped->bytes, from_hex(java_vector::kAesKey)));
}

TEST(RsaKey, TheSameRandomnessMakesTheSamePair) {
  EXPECT_TRUE(std::ranges::equal(key_pair(1)->public_key_der(), test_keys()[0]->public_key_der()));
  EXPECT_FALSE(std::ranges::equal(key_pair(1)->public_key_der(), test_keys()[1]->public_key_der()));
}

TEST(RsaKey, AFailedUnwrapLeavesNothingInTheErrorQueue) {
  ERR_clear_error();
  EXPECT_EQ(test_keys()[0]->unwrap(Bytes(128)).error(), EnvelopeError::kCannotOpen);
  EXPECT_EQ(test_keys()[0]->unwrap(Bytes()).error(), EnvelopeError::kCannotOpen);
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(RsaKey, SizesOutsideTheBoundsAreRefused) {
  SeededRandom random(1);
  EXPECT_EQ(make_rsa_private_key(1023, random).error(), EnvelopeError::kKeySize);
  EXPECT_EQ(make_rsa_private_key(8193, random).error(), EnvelopeError::kKeySize);
  CryptoPP::RSA::PublicKey small;
  small.Initialize(CryptoPP::Integer::Power2(767) + 1, 65537);
  CryptoPP::ByteQueue queue;
  small.Save(queue);
  Bytes der(static_cast<std::size_t>(queue.CurrentSize()));
  queue.Get(reinterpret_cast<CryptoPP::byte*>(der.data()), der.size());
  EXPECT_EQ(read_rsa_public_key(der).error(), EnvelopeError::kKeySize);
}

TEST(RsaKey, EveryCutAndEveryTrailingByteIsRefused) {
  Bytes der = from_hex(java_vector::kSpki);
  for (std::size_t size = 0; size < der.size(); ++size) {
    ASSERT_FALSE(read_rsa_public_key(base::ByteView(der).first(size))) << size;
  }
  EXPECT_TRUE(read_rsa_public_key(der));
  der.push_back(std::byte{0});
  EXPECT_EQ(read_rsa_public_key(der).error(), EnvelopeError::kMalformedKey);
}

TEST(RsaKey, AnAlgorithmOtherThanRsaEncryptionIsRefused) {
  Bytes der = from_hex(java_vector::kSpki);
  der[16] = std::byte{10};  // 1.2.840.113549.1.1.10, RSASSA-PSS
  EXPECT_EQ(read_rsa_public_key(der).error(), EnvelopeError::kMalformedKey);
}

}  // namespace
}  // namespace prometheus_rsocket::envelope
