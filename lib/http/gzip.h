// One gzip member, made piece by piece with ISA-L.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace prometheus_rsocket::http {

enum class GzipEffort {
  // ISA-L's level 1, several times faster than zlib's. At some addresses, one in thousands, the
  // bytes are others: the text is the same.
  kFast,
  // Level 3: a fifth of that speed, and the same bytes wherever it works. For who compares runs.
  kReproducible,
};

class Gzip {
 public:
  explicit Gzip(GzipEffort effort = GzipEffort::kFast);
  ~Gzip();

  // Appends to `out` what is ready of the compressed text: perhaps nothing, until `last`. REQUIRES:
  // no call after the last.
  void compress(std::string_view piece, bool last, std::string& out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace prometheus_rsocket::http
