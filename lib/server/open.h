// From what a client sent to what may stand on a page: opened, decompressed, validated, indexed.
#pragma once

#include <algorithm>
#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>

#include "envelope/key.h"
#include "rsocket/frame.h"
#include "server/metrics.h"
#include "server/reply.h"

namespace prometheus_rsocket::server {

struct OpenedExposition {
  Exposition exposition;
  std::size_t key_index = 0;  // of the key that opened it
};

struct OpenBounds {
  // Of the text, and of its index (--rsocket.max-uncompressed).
  std::size_t text_bytes_max = 0;
  // Of both together: there is room for no more.
  std::uint64_t bytes_max = std::numeric_limits<std::uint64_t>::max();

  // What a text may have where so much is left of both.
  [[nodiscard]] std::size_t limit(std::uint64_t left) const {
    return static_cast<std::size_t>(std::min<std::uint64_t>(text_bytes_max, left));
  }
  // Of what is beyond that limit. What is too large by the smaller bound alone would have been good
  // at another time.
  [[nodiscard]] Quarantine reason_beyond(std::size_t limit) const {
    return limit < text_bytes_max ? Quarantine::kPage : Quarantine::kTooLarge;
  }
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
    std::span<const std::shared_ptr<const envelope::PrivateKey>> keys, const OpenBounds& bounds,
    const base::SipKey& hash_key, const Exposition* before);

}  // namespace prometheus_rsocket::server
