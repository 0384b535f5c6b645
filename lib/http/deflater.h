// One block of a gzip member at a time: DEFLATE (RFC 1951) that needs no block before it and ends
// at a byte's boundary, so that blocks made anywhere, joined in order, are one stream. Internal to
// lib/http.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/compression.h"

namespace prometheus_rsocket::http {

struct DeflatedBlock {
  std::string bytes;
  std::uint32_t crc = 0;  // of the text (RFC 1952)
  std::size_t text_bytes = 0;
};

// One shard. What it works in, some 400 KiB, is there from the first block on.
class Deflater {
 public:
  explicit Deflater(GzipEffort effort);
  Deflater(Deflater&&) noexcept;
  ~Deflater();

  // `last`: nothing may follow it in its stream.
  [[nodiscard]] DeflatedBlock deflate(std::string_view text, bool last);

  class Engine;  // deflater.cpp

 private:
  const GzipEffort effort_;
  std::unique_ptr<Engine> engine_;
};

// One a shard of a process; each is used on its own shard alone.
using Deflaters = std::vector<Deflater>;

}  // namespace prometheus_rsocket::http
