#include "net/tls_error.h"

#include <string>

#include "net/openssl.h"

namespace prometheus_rsocket::net {
namespace {

static_assert(kNoNameAllowed == X509_V_ERR_CERT_REJECTED);
static_assert(kMalformedNames == X509_V_ERR_INVALID_EXTENSION);

class TlsCategory final : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "TLS"; }
  [[nodiscard]] std::string message(int value) const override {
    const char* const reason = ERR_reason_error_string(static_cast<unsigned long>(value));
    return std::string("TLS: ") + (reason != nullptr ? reason : "unknown error");
  }
};

class CertificateCategory final : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "certificate"; }
  [[nodiscard]] std::string message(int value) const override {
    std::string text = "the peer's certificate is refused: ";
    switch (value) {
      case kNoNameAllowed:
        return text + "none of its names is allowed";
      case kMalformedNames:
        return text + "its alternative names are malformed";
      default:
        return text + X509_verify_cert_error_string(value);
    }
  }
};

}  // namespace

const boost::system::error_category& tls_category() {
  static const TlsCategory category;
  return category;
}

const boost::system::error_category& certificate_category() {
  static const CertificateCategory category;
  return category;
}

}  // namespace prometheus_rsocket::net
