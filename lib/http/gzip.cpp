#include "http/gzip.h"

#include <isa-l/igzip_lib.h>
#include <zlib.h>

#include <array>
#include <vector>

#include "base/check.h"

namespace prometheus_rsocket::http {

// What both libraries have in common: input that is pointed to, and room that fills.
class Gzip::Stream {
 public:
  virtual ~Stream() = default;

  void compress(std::string_view piece, bool last, std::string& out) {
    set_input(piece);
    std::size_t size = 0;
    do {
      size = fill(room_, last);
      out.append(reinterpret_cast<const char*>(room_.data()), size);
    } while (size == room_.size());
  }

 protected:
  using Room = std::array<std::uint8_t, std::size_t{32} * 1024>;

 private:
  virtual void set_input(std::string_view piece) = 0;
  // How much of the room is filled: all, as long as there may be more.
  virtual std::size_t fill(Room& room, bool last) = 0;

  Room room_{};
};

namespace {

// Neither library writes through it; their interfaces are older than const.
std::uint8_t* input_of(std::string_view piece) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(piece.data()));
}

class IsalStream final : public Gzip::Stream {
 public:
  IsalStream() {
    isal_deflate_init(&stream_);
    stream_.level = 1;
    stream_.level_buf = level_buffer_.data();
    stream_.level_buf_size = static_cast<std::uint32_t>(level_buffer_.size());
    stream_.gzip_flag = IGZIP_GZIP;
  }

 private:
  void set_input(std::string_view piece) override {
    stream_.next_in = input_of(piece);
    stream_.avail_in = static_cast<std::uint32_t>(piece.size());
  }
  std::size_t fill(Room& room, bool last) override {
    stream_.end_of_stream = last ? 1 : 0;
    stream_.next_out = room.data();
    stream_.avail_out = static_cast<std::uint32_t>(room.size());
    CHECK(isal_deflate(&stream_) == COMP_OK, "the stream was set up by us");
    return room.size() - stream_.avail_out;
  }

  isal_zstream stream_{};
  std::vector<std::uint8_t> level_buffer_ = std::vector<std::uint8_t>(ISAL_DEF_LVL1_DEFAULT);
};

class ZlibStream final : public Gzip::Stream {
 public:
  ZlibStream() {
    constexpr int kGzipMember = 16 + MAX_WBITS;
    const int status = deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, kGzipMember,
                                    MAX_MEM_LEVEL - 1, Z_DEFAULT_STRATEGY);
    CHECK(status == Z_OK, "the stream is set up by us");
  }
  ~ZlibStream() override { deflateEnd(&stream_); }
  ZlibStream(const ZlibStream&) = delete;
  ZlibStream& operator=(const ZlibStream&) = delete;

 private:
  void set_input(std::string_view piece) override {
    stream_.next_in = input_of(piece);
    stream_.avail_in = static_cast<uInt>(piece.size());
  }
  std::size_t fill(Room& room, bool last) override {
    stream_.next_out = room.data();
    stream_.avail_out = static_cast<uInt>(room.size());
    const int status = deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
    // Z_BUF_ERROR: there was nothing to do.
    CHECK(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR,
          "the stream was set up by us");
    return room.size() - stream_.avail_out;
  }

  z_stream stream_{};
};

std::unique_ptr<Gzip::Stream> make_stream(GzipEffort effort) {
  if (effort == GzipEffort::kFast) return std::make_unique<IsalStream>();
  return std::make_unique<ZlibStream>();
}

}  // namespace

Gzip::Gzip(GzipEffort effort) : stream_(make_stream(effort)) {}

Gzip::~Gzip() = default;

void Gzip::compress(std::string_view piece, bool last, std::string& out) {
  stream_->compress(piece, last, out);
}

}  // namespace prometheus_rsocket::http
