// Incremental framing for byte streams: each frame behind a 24-bit length that does not count
// itself.
//
// Sans-I/O. The driver asks for room with prepare(), reads into it, tells how much came with
// commit(), and takes whole frames with next(). Memory grows with what has arrived, never with what
// a prefix declares: to eight times the buffer up to kQuickBufferBytes, so that a usual reply takes
// few reads, and to twice from there. While idle the reader holds no more than kIdleBufferBytes,
// and no more than kSkipBufferBytes while it skips a frame.
#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "rsocket/frame.h"

namespace prometheus_rsocket::rsocket {

class FrameReader {
 public:
  static constexpr std::size_t kIdleBufferBytes = 512;
  static constexpr std::size_t kSkipBufferBytes = 4096;
  static constexpr std::size_t kQuickBufferBytes = std::size_t{32} * 1024;

  // Room for the next read: never empty. Invalidates every frame that next() gave.
  [[nodiscard]] std::span<std::byte> prepare();

  // `bytes` of the room from the last prepare() have been filled. REQUIRES: bytes <= its size.
  void commit(std::size_t bytes);

  // The next whole frame without its prefix, or nothing when more bytes are needed. The view is
  // valid until the next prepare(). A declared length under 6 bytes (kHeaderTooShort) or over the
  // bound of the frame's type (kFrameTooLong, judged as soon as the type byte is there) is an
  // error, and every later call gives the same error.
  [[nodiscard]] boost::system::result<std::optional<ByteView>> next();

  // What has come of the unfinished frame, without its prefix: empty before the prefix is whole and
  // while a frame is skipped. Valid until the next prepare(). REQUIRES: next() gave nothing.
  [[nodiscard]] ByteView arriving() const;

  // Drops what has come of the unfinished frame, and the rest as it comes, without keeping it: the
  // next frame that next() gives is the one behind it. REQUIRES: arriving() is not empty.
  void skip();

  // Bytes of an unfinished frame that wait here; 0 between frames.
  [[nodiscard]] std::size_t buffered() const { return end_ - begin_; }

 private:
  [[nodiscard]] ByteView held() const { return {buffer_.get() + begin_, end_ - begin_}; }

  // Not a vector: what nothing was read into is not touched.
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t size_ = 0;        // of the buffer
  std::size_t begin_ = 0;       // first byte not yet given out
  std::size_t end_ = 0;         // behind the last byte that came
  std::size_t skip_bytes_ = 0;  // of a skipped frame, still to come; then begin_ == end_
  std::optional<FrameError> error_;
};

// Writes the 24-bit prefix for a frame of `frame_bytes`. REQUIRES: frame_bytes <= kFrameBytesMax.
void encode_length_prefix(std::size_t frame_bytes, std::span<std::byte, 3> out);

}  // namespace prometheus_rsocket::rsocket
