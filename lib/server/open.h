// From what a client sent to what may stand on a page: opened, decompressed, validated, indexed.
#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <memory>
#include <span>

#include "envelope/key.h"
#include "rsocket/frame.h"
#include "server/metrics.h"
#include "server/reply.h"

namespace prometheus_rsocket::server {

struct OpenedExposition {
  std::shared_ptr<const Exposition> exposition;
  std::size_t key_index = 0;  // of the key that opened it
};

// Why not: the reason to count, and the place of a malformed line (0 when there is none).
struct OpenFailure {
  Quarantine reason{};
  exposition::ScanError scan = {};
};

// `keys`: newest first. `hash_key`: the process's secret. `before`: what the same client sent the
// last time, or null; it makes reading faster and changes nothing. Clear text is refused: we never
// ask for it.
[[nodiscard]] boost::system::result<OpenedExposition, OpenFailure> open_exposition(
    const rsocket::PayloadView& payload,
    std::span<const std::shared_ptr<const envelope::PrivateKey>> keys,
    std::size_t uncompressed_bytes_max, const base::SipKey& hash_key, const Exposition* before);

}  // namespace prometheus_rsocket::server
