// Every way a payload or a key can be wrong, as error codes.
#pragma once

#include <boost/system/error_code.hpp>

namespace prometheus_rsocket::envelope {

enum class EnvelopeError {
  // The only code for whatever fails from OAEP to the AES padding: telling them apart would make a
  // decryption oracle of the shared key.
  kCannotOpen = 1,
  // After opening; only who knew the public key and chose the AES key can cause these.
  kMalformedSnappy,
  kTextTooLarge,
  // Keys.
  kKeySize,       // RSA modulus outside limits.h
  kMalformedKey,  // not exactly one DER structure of an rsaEncryption key with sound numbers
  kCannotSeal,    // the cryptographic library refused the key
};

[[nodiscard]] boost::system::error_code make_error_code(EnvelopeError error);

}  // namespace prometheus_rsocket::envelope

template <>
struct boost::system::is_error_code_enum<prometheus_rsocket::envelope::EnvelopeError>
    : std::true_type {};
