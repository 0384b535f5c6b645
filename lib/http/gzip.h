// One gzip member, made piece by piece.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace prometheus_rsocket::http {

enum class GzipEffort {
  // ISA-L's level 1, several times faster than zlib's. At some addresses, one in thousands, the
  // bytes are others, and other processors have other code: the text is the same.
  kFast,
  // zlib's level 1: the same bytes wherever it works. For who compares runs.
  kReproducible,
};

class Gzip {
 public:
  explicit Gzip(GzipEffort effort = GzipEffort::kFast);
  ~Gzip();

  // Appends to `out` what is ready of the compressed text: perhaps nothing, until `last`. REQUIRES:
  // no call after the last.
  void compress(std::string_view piece, bool last, std::string& out);

  class Stream;  // gzip.cpp

 private:
  std::unique_ptr<Stream> stream_;
};

}  // namespace prometheus_rsocket::http
