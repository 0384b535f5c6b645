// The envelope a client's text travels in: sealed for a proxy's public key, opened with its private
// key. Pure functions; any thread.
//
// The form is the Java client's. data: AES-128/ECB/PKCS#5 of raw Snappy of the text, under a
// key made afresh. metadata: that key, wrapped for the RSA key (rsa_key.h). If metadata is the
// ASCII `plaintext`, data is the text in clear.
#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "envelope/error.h"
#include "envelope/key.h"
#include "envelope/limits.h"

namespace prometheus_rsocket::envelope {

// As data of a request it asks for clear text; as metadata of a reply it marks it.
inline constexpr std::string_view kPlaintext = "plaintext";

struct Sealed {
  base::Bytes metadata;
  base::Bytes data;
};

struct Opened {
  std::string_view text;                 // in the caller's buffer
  std::optional<std::size_t> key_index;  // of the key that opened it; none: it came in clear
};

// Draws the AES key first, then what the wrapping needs. Errors: kCannotSeal, kTextTooLarge (Snappy
// ends at 4 GiB).
[[nodiscard]] boost::system::result<Sealed> seal(std::string_view text, const PublicKey& key,
                                                 RandomSource& random);

// Tries the first kKeysTriedMax of `keys`, newest first. The text is put into `buffer`, whose
// capacity is used again; on error its content is unspecified, its size within the limit.
//
// Errors: kCannotOpen for whatever fails from OAEP to the padding. Such a failure costs one unwrap
// for each key and one AES decryption of the data, whichever step failed; only lengths, which the
// sender knows, end it sooner. Then kMalformedSnappy, kTextTooLarge.
[[nodiscard]] boost::system::result<Opened> open(
    base::ByteView metadata, base::ByteView data,
    std::span<const std::shared_ptr<const PrivateKey>> keys, const Limits& limits,
    std::string& buffer);

}  // namespace prometheus_rsocket::envelope
