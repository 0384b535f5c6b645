#include "sim/actor/gunzip.h"

#include <zlib.h>

namespace prometheus_rsocket::sim::actor {

std::optional<std::string> gunzip(std::string_view packed) {
  constexpr int kWindowBits = 15;
  constexpr int kGzipAlone = 16;
  z_stream stream{};
  if (inflateInit2(&stream, kWindowBits + kGzipAlone) != Z_OK) return std::nullopt;
  std::string input(packed);  // zlib's interface wants it writable
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  std::string text;
  std::string room(std::size_t{64} << 10, '\0');
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

}  // namespace prometheus_rsocket::sim::actor
