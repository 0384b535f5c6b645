#include "envelope/aes.h"

#include <cryptopp/aes.h>
#include <cryptopp/modes.h>

#include <cstdint>

#include "base/check.h"

namespace prometheus_rsocket::envelope {
namespace {

using base::Bytes;
using base::ByteView;

const CryptoPP::byte* data_of(ByteView bytes) {
  return reinterpret_cast<const CryptoPP::byte*>(bytes.data());
}

CryptoPP::byte* data_of(Bytes& bytes) { return reinterpret_cast<CryptoPP::byte*>(bytes.data()); }

// 1 if a < b, else 0, without a branch. REQUIRES: both below 2^31.
std::uint32_t less(std::uint32_t a, std::uint32_t b) { return (a - b) >> 31; }

// The length of the PKCS#5 padding at the end, or 0 when it is wrong. Looks at all bytes of the
// last block, whatever they are, and does not branch on them.
std::size_t padding_size(ByteView last_block) {
  const auto size = std::to_integer<std::uint32_t>(last_block.back());
  std::uint32_t wrong = less(size, 1) | less(kAesBlockSize, size);
  for (std::uint32_t i = 0; i < kAesBlockSize; ++i) {
    const auto value = std::to_integer<std::uint32_t>(last_block[kAesBlockSize - 1 - i]);
    wrong |= less(i, size) & less(0, value ^ size);
  }
  return size & (wrong - 1);
}

}  // namespace

void encrypt_padded(const AesKey& key, Bytes& data) {
  const std::size_t padding = kAesBlockSize - data.size() % kAesBlockSize;
  data.insert(data.end(), padding, static_cast<std::byte>(padding));
  CryptoPP::ECB_Mode<CryptoPP::AES>::Encryption cipher(data_of(key.bytes), key.bytes.size());
  cipher.ProcessData(data_of(data), data_of(data), data.size());
}

std::optional<Bytes> decrypt_padded(const AesKey& key, ByteView data) {
  CHECK(!data.empty() && data.size() % kAesBlockSize == 0, "the caller checks the public length");
  CryptoPP::ECB_Mode<CryptoPP::AES>::Decryption cipher(data_of(key.bytes), key.bytes.size());
  Bytes plain(data.size());
  cipher.ProcessData(data_of(plain), data_of(data), data.size());
  const std::size_t padding = padding_size(ByteView(plain).last(kAesBlockSize));
  if (padding == 0) return std::nullopt;
  plain.resize(plain.size() - padding);
  return plain;
}

}  // namespace prometheus_rsocket::envelope
