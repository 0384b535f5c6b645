// RSA keys as the Java parts use them: RSAES-OAEP with SHA-256, MGF1 with SHA-1, empty label. That
// is SunJCE's meaning of `RSA/ECB/OAEPWithSHA-256AndMGF1Padding`.
//
// Crypto++ makes, reads and wraps; the private operation goes through OpenSSL's EVP, which is more
// than twice as fast. OpenSSL blinds it with randomness of its own; no result depends on that.
#pragma once

#include <boost/system/result.hpp>
#include <memory>

#include "base/bytes.h"
#include "envelope/key.h"

namespace prometheus_rsocket::envelope {

// A new pair with the public exponent 65537; the same randomness gives the same pair. Costs 100 ms
// of CPU and more: not for an event loop. Errors: kKeySize.
[[nodiscard]] boost::system::result<std::unique_ptr<PrivateKey>> make_rsa_private_key(
    unsigned bits, RandomSource& random);

// Reads a pair from PKCS#8 PrivateKeyInfo in DER, unencrypted. Errors: kKeySize, kMalformedKey.
[[nodiscard]] boost::system::result<std::unique_ptr<PrivateKey>> read_rsa_private_key(
    base::ByteView pkcs8_der);

// Reads what a proxy sent: SubjectPublicKeyInfo of rsaEncryption (RFC 3279, 2.3.1), in DER to the
// byte, nothing behind it. Errors: kKeySize, kMalformedKey.
[[nodiscard]] boost::system::result<std::unique_ptr<PublicKey>> read_rsa_public_key(
    base::ByteView spki_der);

}  // namespace prometheus_rsocket::envelope
