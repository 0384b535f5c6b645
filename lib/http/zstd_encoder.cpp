#include "http/zstd_encoder.h"

#include <zstd.h>

#include <utility>

#include "base/check.h"

namespace prometheus_rsocket::http {
namespace {

constexpr std::size_t kRoomBytes = std::size_t{16} * 1024;

std::size_t checked(std::size_t result) {
  CHECK(ZSTD_isError(result) == 0, "the stream was set up by us");
  return result;
}

}  // namespace

void ZstdEncoder::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

ZstdEncoder::ZstdEncoder(Exchange::BodySource source)
    : source_(std::move(source)), context_(ZSTD_createCCtx()) {
  CHECK(context_, "out of memory");
  const auto set = [this](ZSTD_cParameter parameter, int value) {
    checked(ZSTD_CCtx_setParameter(context_.get(), parameter, value));
  };
  set(ZSTD_c_compressionLevel, 1);
  set(ZSTD_c_windowLog, kZstdWindowLog);
  set(ZSTD_c_checksumFlag, 1);
}

ZstdEncoder::~ZstdEncoder() = default;

Encoder::Step ZstdEncoder::next(std::string& out) {
  text_.clear();
  const bool last = !source_(text_);
  if (last) source_ = nullptr;
  ZSTD_inBuffer in{text_.data(), text_.size(), 0};
  bool whole = false;
  while (!whole) {
    const std::size_t begin = out.size();
    out.resize(begin + kRoomBytes);
    ZSTD_outBuffer room{out.data() + begin, kRoomBytes, 0};
    const std::size_t left = checked(
        ZSTD_compressStream2(context_.get(), &room, &in, last ? ZSTD_e_end : ZSTD_e_continue));
    out.resize(begin + room.pos);
    whole = last ? left == 0 : in.pos == in.size;
  }
  return last ? Step::kEnd : Step::kMore;
}

}  // namespace prometheus_rsocket::http
