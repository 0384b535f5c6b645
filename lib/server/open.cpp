#include "server/open.h"

#include "envelope/envelope.h"
#include "exposition/read.h"

namespace prometheus_rsocket::server {
namespace {

using envelope::EnvelopeError;

Quarantine reason_of(boost::system::error_code error) {
  if (error == EnvelopeError::kMalformedSnappy) return Quarantine::kSnappy;
  if (error == EnvelopeError::kTextTooLarge) return Quarantine::kTooLarge;
  return Quarantine::kEnvelope;
}

Quarantine reason_of(exposition::ScanReason reason) {
  if (reason == exposition::ScanReason::kNotUtf8) return Quarantine::kUtf8;
  if (reason == exposition::ScanReason::kTooLong) return Quarantine::kTooLarge;
  return Quarantine::kMalformed;
}

}  // namespace

boost::system::result<OpenedExposition, OpenFailure> open_exposition(
    const rsocket::PayloadView& payload,
    std::span<const std::shared_ptr<const envelope::PrivateKey>> keys,
    std::size_t uncompressed_bytes_max, const base::SipKey& hash_key, const Exposition* before) {
  if (!payload.metadata) return OpenFailure{Quarantine::kEnvelope};
  envelope::Limits limits;
  limits.text_size_max = uncompressed_bytes_max;
  std::string buffer;
  const auto opened = envelope::open(*payload.metadata, payload.data, keys, limits, buffer);
  if (!opened) return OpenFailure{reason_of(opened.error())};
  if (!opened->key_index) return OpenFailure{Quarantine::kEnvelope};
  buffer.resize(opened->text.size());
  auto exposition = exposition::read(std::move(buffer), before,
                                     {.text_bytes_max = uncompressed_bytes_max, .key = hash_key});
  if (!exposition) return OpenFailure{reason_of(exposition.error().reason), exposition.error()};
  return OpenedExposition{std::make_shared<const Exposition>(std::move(*exposition)),
                          *opened->key_index};
}

}  // namespace prometheus_rsocket::server
