#include "net/tls_pem.h"

#include <openssl/pem.h>

#include "base/check.h"

namespace prometheus_rsocket::net {
namespace {

using boost::system::result;

BioPtr open(std::string_view pem) {
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  CHECK(bio, "there is memory for a handle");
  return bio;
}

// Without it OpenSSL would ask on the terminal.
int give_no_passphrase(char* /*buffer*/, int /*size*/, int /*writes*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

bool is_end_of_text() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

}  // namespace

result<std::vector<X509Ptr>, std::string> read_certificates(std::string_view pem,
                                                            const std::string& what) {
  const CleanErrors clean;
  const BioPtr bio = open(pem);
  std::vector<X509Ptr> found;
  for (;;) {
    bool asked = false;
    X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, give_no_passphrase, &asked));
    if (!certificate) break;
    found.push_back(std::move(certificate));
  }
  if (!is_end_of_text()) {
    return "certificate " + std::to_string(found.size() + 1) + " of " + what +
           " does not parse: " + last_error_text();
  }
  if (found.empty()) return what + ": there is no certificate in PEM";
  return found;
}

result<KeyPtr, std::string> read_private_key(std::string_view pem, const std::string& what) {
  if (pem.find("PRIVATE KEY-----") == std::string_view::npos) {
    return what + ": there is no private key in PEM";
  }
  const CleanErrors clean;
  const BioPtr bio = open(pem);
  bool asked = false;
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_no_passphrase, &asked));
  if (key) return key;
  if (asked) return what + " is encrypted: one without a passphrase is needed";
  return what + " does not parse: " + last_error_text();
}

}  // namespace prometheus_rsocket::net
