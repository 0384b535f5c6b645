// OpenSSL's objects with owners, and its error queue kept clean. For lib/net's TLS alone.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "base/free_with.h"

namespace prometheus_rsocket::net {

using BioPtr = std::unique_ptr<BIO, base::FreeWith<BIO_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, base::FreeWith<GENERAL_NAMES_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, base::FreeWith<EVP_PKEY_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, base::FreeWith<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, base::FreeWith<SSL_free>>;
using X509Ptr = std::unique_ptr<X509, base::FreeWith<X509_free>>;

// OpenSSL judges the outcome of what was done by the thread's error queue: there must be nothing in
// it from before, and nothing is left in it for others on the thread.
class CleanErrors {
 public:
  CleanErrors() { ERR_clear_error(); }
  ~CleanErrors() { ERR_clear_error(); }
  CleanErrors(const CleanErrors&) = delete;
  CleanErrors& operator=(const CleanErrors&) = delete;
};

// The latest in the queue, in words.
[[nodiscard]] inline std::string last_error_text() {
  const char* const text = ERR_reason_error_string(ERR_peek_last_error());
  return text != nullptr ? text : "OpenSSL does not say why";
}

}  // namespace prometheus_rsocket::net
