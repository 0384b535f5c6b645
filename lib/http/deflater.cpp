#include "http/deflater.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <zlib.h>

#include <array>

#include "base/check.h"

namespace prometheus_rsocket::http {

// What both libraries have in common: input that is pointed to, and room that fills.
class Deflater::Engine {
 public:
  virtual ~Engine() = default;

  void deflate(std::string_view text, bool last, std::string& out) {
    begin(text);
    std::size_t size = 0;
    do {
      size = fill(room_, last);
      out.append(reinterpret_cast<const char*>(room_.data()), size);
    } while (size == room_.size());
  }

 protected:
  using Room = std::array<std::uint8_t, std::size_t{32} * 1024>;

 private:
  // Forgets all that was before.
  virtual void begin(std::string_view text) = 0;
  // How much of the room is filled: all, as long as there may be more.
  virtual std::size_t fill(Room& room, bool last) = 0;

  Room room_{};
};

namespace {

// Neither library writes through it; their interfaces are older than const.
std::uint8_t* input_of(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

class IsalEngine final : public Deflater::Engine {
 public:
  IsalEngine() {
    isal_deflate_init(&stream_);
    stream_.level = 1;
    stream_.level_buf = level_buffer_.data();
    stream_.level_buf_size = static_cast<std::uint32_t>(level_buffer_.size());
    stream_.gzip_flag = IGZIP_DEFLATE;
    stream_.flush = FULL_FLUSH;
  }

 private:
  void begin(std::string_view text) override {
    isal_deflate_reset(&stream_);
    stream_.next_in = input_of(text);
    stream_.avail_in = static_cast<std::uint32_t>(text.size());
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

class ZlibEngine final : public Deflater::Engine {
 public:
  ZlibEngine() {
    constexpr int kRaw = -MAX_WBITS;
    const int status = deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, kRaw, MAX_MEM_LEVEL - 1,
                                    Z_DEFAULT_STRATEGY);
    CHECK(status == Z_OK, "the stream is set up by us");
  }
  ~ZlibEngine() override { deflateEnd(&stream_); }
  ZlibEngine(const ZlibEngine&) = delete;
  ZlibEngine& operator=(const ZlibEngine&) = delete;

 private:
  void begin(std::string_view text) override {
    CHECK(deflateReset(&stream_) == Z_OK, "the stream was set up by us");
    stream_.next_in = input_of(text);
    stream_.avail_in = static_cast<uInt>(text.size());
  }
  std::size_t fill(Room& room, bool last) override {
    stream_.next_out = room.data();
    stream_.avail_out = static_cast<uInt>(room.size());
    const int status = ::deflate(&stream_, last ? Z_FINISH : Z_FULL_FLUSH);
    // Z_BUF_ERROR: there was nothing to do.
    CHECK(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR,
          "the stream was set up by us");
    return room.size() - stream_.avail_out;
  }

  z_stream stream_{};
};

std::unique_ptr<Deflater::Engine> make_engine(GzipEffort effort) {
  if (effort == GzipEffort::kFast) return std::make_unique<IsalEngine>();
  return std::make_unique<ZlibEngine>();
}

}  // namespace

Deflater::Deflater(GzipEffort effort) : effort_(effort) {}

Deflater::Deflater(Deflater&&) noexcept = default;

Deflater::~Deflater() = default;

DeflatedBlock Deflater::deflate(std::string_view text, bool last) {
  if (!engine_) engine_ = make_engine(effort_);
  DeflatedBlock block;
  engine_->deflate(text, last, block.bytes);
  block.crc = crc32_gzip_refl(0, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  block.text_bytes = text.size();
  return block;
}

}  // namespace prometheus_rsocket::http
