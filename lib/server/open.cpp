#include "server/open.h"

#include "envelope/envelope.h"
#include "exposition/rescan.h"

namespace prometheus_rsocket::server {
namespace {

using envelope::EnvelopeError;

Quarantine reason_of(boost::system::error_code error) {
  if (error == EnvelopeError::kMalformedSnappy) return Quarantine::kSnappy;
  if (error == EnvelopeError::kTextTooLarge) return Quarantine::kTooLarge;
  if (error == EnvelopeError::kInvalidUtf8) return Quarantine::kUtf8;
  return Quarantine::kEnvelope;
}

boost::system::result<exposition::Index, exposition::ScanError> read(std::string_view text,
                                                                     const base::SipKey& hash_key,
                                                                     const Exposition* before) {
  if (before != nullptr) {
    if (auto index = exposition::rescan(text, *before)) return std::move(*index);
  }
  return exposition::scan(text, hash_key);
}

}  // namespace

boost::system::result<OpenedExposition, OpenFailure> open_exposition(
    const rsocket::PayloadView& payload,
    std::span<const std::shared_ptr<const envelope::PrivateKey>> keys,
    std::size_t uncompressed_bytes_max, const base::SipKey& hash_key, const Exposition* before) {
  if (!payload.metadata) return OpenFailure{Quarantine::kEnvelope};
  envelope::Limits limits;
  limits.text_size_max = uncompressed_bytes_max;
  auto exposition = std::make_shared<Exposition>();
  const auto opened =
      envelope::open(*payload.metadata, payload.data, keys, limits, exposition->text);
  if (!opened) return OpenFailure{reason_of(opened.error())};
  if (!opened->key_index) return OpenFailure{Quarantine::kEnvelope};
  exposition->text.resize(opened->text.size());
  auto index = read(exposition->text, hash_key, before);
  if (!index) return OpenFailure{Quarantine::kMalformed, index.error()};
  exposition->index = std::move(*index);
  return OpenedExposition{std::move(exposition), *opened->key_index};
}

}  // namespace prometheus_rsocket::server
