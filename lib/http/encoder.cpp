#include "http/encoder.h"

#include <utility>

#include "base/check.h"
#include "http/gzip_encoder.h"
#include "http/zstd_encoder.h"

namespace prometheus_rsocket::http {
namespace {

class IdentityEncoder final : public Encoder {
 public:
  explicit IdentityEncoder(Exchange::BodySource source) : source_(std::move(source)) {}

  Step next(std::string& out) override {
    if (source_(out)) return Step::kMore;
    source_ = nullptr;
    return Step::kEnd;
  }

 private:
  Exchange::BodySource source_;
};

}  // namespace

Encoders::Encoders(runtime::Process& process, std::size_t shard, Compression compression)
    : process_(process),
      shard_(shard),
      gzip_block_bytes_(compression.gzip_block_bytes),
      deflaters_(std::make_shared<Deflaters>()),
      under_way_(std::make_shared<std::vector<std::size_t>>(process.shard_count())) {
  CHECK(gzip_block_bytes_ > 0, "a block has text");
  for (std::size_t i = 0; i < process.shard_count(); ++i) {
    deflaters_->emplace_back(compression.gzip);
  }
}

std::unique_ptr<Encoder> Encoders::make(ContentCoding coding, Exchange::BodySource source,
                                        std::function<void()> ready) const {
  switch (coding) {
    case ContentCoding::kIdentity:
      break;
    case ContentCoding::kGzip:
      return std::make_unique<GzipEncoder>(
          GzipEncoder::Shards{process_, shard_, deflaters_, under_way_, gzip_block_bytes_},
          std::move(source), std::move(ready));
    case ContentCoding::kZstd:
      return std::make_unique<ZstdEncoder>(std::move(source));
  }
  return std::make_unique<IdentityEncoder>(std::move(source));
}

}  // namespace prometheus_rsocket::http
