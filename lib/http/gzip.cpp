#include "http/gzip.h"

#include <isa-l/igzip_lib.h>

#include <array>
#include <vector>

#include "base/check.h"

namespace prometheus_rsocket::http {

struct Gzip::Impl {
  explicit Impl(std::size_t level_bytes) : level_buffer(level_bytes) {}

  isal_zstream stream{};
  std::vector<std::uint8_t> level_buffer;
  std::array<std::uint8_t, std::size_t{32} * 1024> room{};
};

Gzip::Gzip(GzipEffort effort)
    : impl_(std::make_unique<Impl>(effort == GzipEffort::kFast ? ISAL_DEF_LVL1_DEFAULT
                                                               : ISAL_DEF_LVL3_DEFAULT)) {
  isal_zstream& stream = impl_->stream;
  isal_deflate_init(&stream);
  stream.level = effort == GzipEffort::kFast ? 1 : 3;
  stream.level_buf = impl_->level_buffer.data();
  stream.level_buf_size = static_cast<std::uint32_t>(impl_->level_buffer.size());
  stream.gzip_flag = IGZIP_GZIP;
}

Gzip::~Gzip() = default;

void Gzip::compress(std::string_view piece, bool last, std::string& out) {
  isal_zstream& stream = impl_->stream;
  // ISA-L does not write through next_in; its interface is older than const.
  stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(piece.data()));
  stream.avail_in = static_cast<std::uint32_t>(piece.size());
  stream.end_of_stream = last ? 1 : 0;
  do {
    stream.next_out = impl_->room.data();
    stream.avail_out = static_cast<std::uint32_t>(impl_->room.size());
    const int status = isal_deflate(&stream);
    CHECK(status == COMP_OK, "the stream was set up by us");
    out.append(reinterpret_cast<const char*>(impl_->room.data()),
               impl_->room.size() - stream.avail_out);
  } while (stream.avail_out == 0);
}

}  // namespace prometheus_rsocket::http
