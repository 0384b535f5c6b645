#include "envelope/error.h"

#include <string>

namespace prometheus_rsocket::envelope {
namespace {

class EnvelopeCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "envelope"; }
  std::string message(int code) const override {
    switch (static_cast<EnvelopeError>(code)) {
      case EnvelopeError::kCannotOpen:
        return "cannot open the payload";
      case EnvelopeError::kMalformedSnappy:
        return "malformed Snappy data";
      case EnvelopeError::kTextTooLarge:
        return "text too large";
      case EnvelopeError::kKeySize:
        return "RSA key size out of range";
      case EnvelopeError::kMalformedKey:
        return "malformed RSA key";
      case EnvelopeError::kCannotSeal:
        return "cannot seal for this key";
    }
    return "unknown error";
  }
};

}  // namespace

boost::system::error_code make_error_code(EnvelopeError error) {
  static const EnvelopeCategory category;
  return {static_cast<int>(error), category};
}

}  // namespace prometheus_rsocket::envelope
