// How an operator's choice, or a simulator's, shapes compressed answers.
#pragma once

#include <cstddef>

#include "http/limits.h"

namespace prometheus_rsocket::http {

enum class GzipEffort {
  // ISA-L's level 1, several times faster than zlib's. At some addresses, one in thousands, the
  // bytes are others, and other processors have other code: the text is the same.
  kFast,
  // zlib's level 1: the same bytes wherever it works. For who compares runs.
  kReproducible,
};

struct Compression {
  GzipEffort gzip = GzipEffort::kFast;
  std::size_t gzip_block_bytes = kGzipBlockBytes;  // of text, at least; at least 1
};

}  // namespace prometheus_rsocket::http
