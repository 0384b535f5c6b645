// One Zstandard frame (RFC 8878), made on this shard. Internal to lib/http.
#pragma once

#include <memory>
#include <string>

#include "http/encoder.h"

struct ZSTD_CCtx_s;

namespace prometheus_rsocket::http {

class ZstdEncoder final : public Encoder {
 public:
  explicit ZstdEncoder(Exchange::BodySource source);
  ~ZstdEncoder() override;

  [[nodiscard]] Step next(std::string& out) override;

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };

  Exchange::BodySource source_;
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  std::string text_;
};

}  // namespace prometheus_rsocket::http
