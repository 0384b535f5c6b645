#include "sim/peer/unpack.h"

#include <zlib.h>
#include <zstd.h>

#include <memory>

namespace prometheus_rsocket::sim::peer {
namespace {

constexpr std::size_t kRoom = std::size_t{64} << 10;

}  // namespace

std::optional<std::string> gunzip(std::string_view packed) {
  constexpr int kWindowBits = 15;
  constexpr int kGzipAlone = 16;
  z_stream stream{};
  if (inflateInit2(&stream, kWindowBits + kGzipAlone) != Z_OK) return std::nullopt;
  std::string input(packed);  // zlib's interface wants it writable
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  std::string text;
  std::string room(kRoom, '\0');
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = static_cast<uInt>(room.size());
    status = inflate(&stream, Z_NO_FLUSH);
    text.append(room, 0, room.size() - stream.avail_out);
  }
  const bool whole = status == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (!whole) return std::nullopt;
  return text;
}

std::optional<std::string> unzstd(std::string_view packed) {
  constexpr int kWindowLogMax = 23;
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx);
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kWindowLogMax);
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::string text;
  std::string room(kRoom, '\0');
  for (;;) {
    ZSTD_outBuffer out{room.data(), room.size(), 0};
    const std::size_t left = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(left) != 0) return std::nullopt;
    text.append(room, 0, out.pos);
    if (left == 0) break;
    if (in.pos == in.size && out.pos < out.size) return std::nullopt;  // more should have come
  }
  if (in.pos != in.size) return std::nullopt;
  return text;
}

std::optional<std::string> unpacked_body(const HttpResponse& response) {
  const auto encoding = response.headers.find("content-encoding");
  if (encoding == response.headers.end()) return response.body;
  if (encoding->second == "gzip") return gunzip(response.body);
  if (encoding->second == "zstd") return unzstd(response.body);
  return std::nullopt;
}

}  // namespace prometheus_rsocket::sim::peer
