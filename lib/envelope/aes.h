// AES-128 in ECB mode with PKCS#5 padding: the Java client's `Cipher.getInstance("AES")`.
#pragma once

#include <cstddef>
#include <optional>

#include "base/bytes.h"
#include "envelope/key.h"

namespace prometheus_rsocket::envelope {

inline constexpr std::size_t kAesBlockSize = 16;

// Pads and encrypts in place; the size grows by 1 to 16 bytes.
void encrypt_padded(const AesKey& key, base::Bytes& data);

// The decrypted bytes without their padding, or nothing when the padding is wrong; the time does
// not tell how. REQUIRES: data.size() is a positive multiple of kAesBlockSize.
[[nodiscard]] std::optional<base::Bytes> decrypt_padded(const AesKey& key, base::ByteView data);

}  // namespace prometheus_rsocket::envelope
