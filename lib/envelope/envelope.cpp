#include "envelope/envelope.h"

#include <snappy.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "envelope/aes.h"

namespace prometheus_rsocket::envelope {
namespace {

using base::Bytes;
using base::ByteView;
using boost::system::result;
using Keys = std::span<const std::shared_ptr<const PrivateKey>>;

struct Decrypted {
  Bytes compressed;
  std::size_t key_index;
};

// From OAEP to the padding. Every way to fail does the same work: one unwrap for each key, one
// decryption, under a key of zeros if none was unwrapped.
result<Decrypted> decrypt(ByteView metadata, ByteView data, Keys keys) {
  if (data.empty() || data.size() % kAesBlockSize != 0) return EnvelopeError::kCannotOpen;
  AesKey aes_key;
  std::size_t index = 0;
  bool unwrapped = false;
  for (; index < keys.size() && !unwrapped; ++index) {
    const result<AesKey> candidate = keys[index]->unwrap(metadata);
    unwrapped = candidate.has_value();
    if (unwrapped) aes_key = *candidate;
  }
  std::optional<Bytes> compressed = decrypt_padded(aes_key, data);
  if (unwrapped && compressed) return Decrypted{std::move(*compressed), index - 1};
  for (; index < keys.size(); ++index) {
    static_cast<void>(keys[index]->unwrap(metadata));  // only to cost what the others cost
  }
  return EnvelopeError::kCannotOpen;
}

result<void> decompress(std::string_view compressed, const Limits& limits, std::string& buffer) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(compressed.data(), compressed.size(), &size)) {
    return EnvelopeError::kMalformedSnappy;
  }
  if (size > limits.text_size_max) return EnvelopeError::kTextTooLarge;
  // Memory follows what arrived, not what was declared.
  if (size * kSnappyCopyElementSize > compressed.size() * kSnappyCopySizeMax) {
    return EnvelopeError::kMalformedSnappy;
  }
  buffer.resize(size);
  if (!snappy::RawUncompress(compressed.data(), compressed.size(), buffer.data())) {
    return EnvelopeError::kMalformedSnappy;
  }
  return {};
}

}  // namespace

result<Sealed> seal(std::string_view text, const PublicKey& key, RandomSource& random) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) return EnvelopeError::kTextTooLarge;
  AesKey aes_key;
  random.fill(aes_key.bytes);
  result<Bytes> wrapped = key.wrap(aes_key, random);
  if (!wrapped) return wrapped.error();

  Bytes data(snappy::MaxCompressedLength(text.size()) + kAesBlockSize);
  std::size_t size = 0;
  snappy::RawCompress(text.data(), text.size(), reinterpret_cast<char*>(data.data()), &size);
  data.resize(size);
  encrypt_padded(aes_key, data);
  return Sealed{std::move(*wrapped), std::move(data)};
}

result<Opened> open(ByteView metadata, ByteView data, Keys keys, const Limits& limits,
                    std::string& buffer) {
  std::optional<std::size_t> key_index;
  if (base::as_text(metadata) == kPlaintext) {
    if (data.size() > limits.text_size_max) return EnvelopeError::kTextTooLarge;
    buffer.assign(base::as_text(data));
  } else {
    const result<Decrypted> decrypted =
        decrypt(metadata, data, keys.first(std::min(keys.size(), kKeysTriedMax)));
    if (!decrypted) return decrypted.error();
    key_index = decrypted->key_index;
    const auto done = decompress(base::as_text(decrypted->compressed), limits, buffer);
    if (!done) return done.error();
  }
  return Opened{buffer, key_index};
}

}  // namespace prometheus_rsocket::envelope
