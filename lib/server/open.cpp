#include "server/open.h"

#include <algorithm>
#include <string>
#include <utility>

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
  using exposition::ScanReason;
  if (reason == ScanReason::kTooLong || reason == ScanReason::kTooMany)
    return Quarantine::kTooLarge;
  return Quarantine::kMalformed;
}

}  // namespace

boost::system::result<OpenedExposition, OpenFailure> open_exposition(
    const rsocket::PayloadView& payload,
    std::span<const std::shared_ptr<const envelope::PrivateKey>> keys, const OpenBounds& bounds,
    const base::SipKey& hash_key, const Exposition* before) {
  if (!payload.metadata) return OpenFailure{Quarantine::kEnvelope};
  const auto failure = [&bounds](Quarantine reason, std::size_t bytes_max,
                                 exposition::ScanError scan = {}) {
    if (reason == Quarantine::kTooLarge) reason = bounds.reason_beyond(bytes_max);
    return OpenFailure{reason, scan};
  };
  envelope::Limits limits;
  limits.text_size_max = bounds.limit(bounds.bytes_max);
  std::string buffer;
  const auto opened = envelope::open(*payload.metadata, payload.data, keys, limits, buffer);
  if (!opened) return failure(reason_of(opened.error()), limits.text_size_max);
  if (!opened->key_index) return OpenFailure{Quarantine::kEnvelope};
  buffer.resize(opened->text.size());
  const std::size_t index_bytes_max = bounds.limit(bounds.bytes_max - buffer.size());
  auto exposition = exposition::read(std::move(buffer), before,
                                     {.text_bytes_max = limits.text_size_max,
                                      .index_bytes_max = index_bytes_max,
                                      .key = hash_key});
  if (!exposition) {
    return failure(reason_of(exposition.error().reason), index_bytes_max, exposition.error());
  }
  return OpenedExposition{std::move(*exposition), *opened->key_index};
}

}  // namespace prometheus_rsocket::server
