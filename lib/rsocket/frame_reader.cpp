#include "rsocket/frame_reader.h"

#include <algorithm>

#include "base/check.h"
#include "base/mutant.h"
#include "rsocket/limits.h"
#include "rsocket/wire.h"

namespace prometheus_rsocket::rsocket {

namespace {

constexpr std::size_t kRoomBytesMin = FrameReader::kIdleBufferBytes / 2;
constexpr std::size_t kTypeOffset = 4;  // of the byte whose upper six bits are the type

// The buffer to have when `held` bytes wait in one of `size`: it has room for at least
// kRoomBytesMin, and is never much longer than the longest frame. It grows once it is nearly full,
// so that it is at most sixteen times what is held, and of much at most twice.
std::size_t buffer_size_for(std::size_t held, std::size_t size) {
  if (size - held < kRoomBytesMin) {
    const std::size_t longest = std::max(kLengthPrefixBytes + kFrameBytesMax, held) + kRoomBytesMin;
    const std::size_t quick = std::min(8 * size, FrameReader::kQuickBufferBytes);
    return std::clamp(std::max(2 * size, quick), FrameReader::kIdleBufferBytes, longest);
  }
  if (held < size / 16) return std::max(2 * held, FrameReader::kIdleBufferBytes);
  return size;
}

}  // namespace

std::span<std::byte> FrameReader::prepare() {
  const ByteView waiting = held();
  const std::size_t size = skip_bytes_ != 0
                               ? std::clamp(skip_bytes_, kIdleBufferBytes, kSkipBufferBytes)
                               : buffer_size_for(waiting.size(), size_);
  if (size != size_) {
    auto resized = std::make_unique_for_overwrite<std::byte[]>(size);
    std::ranges::copy(waiting, resized.get());
    buffer_.swap(resized);
    size_ = size;
  } else if (begin_ != 0) {
    std::ranges::copy(waiting, buffer_.get());
  }
  end_ -= begin_;
  begin_ = 0;
  return {buffer_.get() + end_, size_ - end_};
}

void FrameReader::commit(std::size_t bytes) {
  CHECK(bytes <= size_ - end_, "no more than the room that prepare() gave");
  end_ += bytes;
  const std::size_t skipped = std::min(skip_bytes_, bytes);
  begin_ += skipped;
  skip_bytes_ -= skipped;
}

boost::system::result<std::optional<ByteView>> FrameReader::next() {
  if (error_) return *error_;
  const ByteView waiting = held();
  if (waiting.size() < kLengthPrefixBytes) {
    if (base::is_mutant(base::Mutant::kPrefixMisread)) begin_ = end_;
    return std::nullopt;
  }
  const std::size_t frame_bytes = WireReader(waiting).u24();
  const ByteView arrived = waiting.subspan(kLengthPrefixBytes);
  if (frame_bytes < kFrameHeaderBytes) {
    error_ = FrameError::kHeaderTooShort;
    return *error_;
  }
  if (arrived.size() > kTypeOffset) {
    const auto type = std::to_integer<std::uint8_t>(arrived[kTypeOffset] >> 2U);
    if (frame_bytes > frame_bytes_max(type)) {
      error_ = FrameError::kFrameTooLong;
      return *error_;
    }
  }
  if (arrived.size() < frame_bytes) return std::nullopt;
  begin_ += kLengthPrefixBytes + frame_bytes;
  return arrived.first(frame_bytes);
}

ByteView FrameReader::arriving() const {
  return held().subspan(std::min(buffered(), kLengthPrefixBytes));
}

void FrameReader::skip() {
  const ByteView arrived = arriving();
  CHECK(!arrived.empty(), "there is an unfinished frame to skip");
  const std::size_t frame_bytes = WireReader(held()).u24();
  CHECK(arrived.size() < frame_bytes, "a whole frame is taken, not skipped");
  skip_bytes_ = frame_bytes - arrived.size();
  begin_ = end_;
}

void encode_length_prefix(std::size_t frame_bytes, std::span<std::byte, 3> out) {
  CHECK(frame_bytes <= kFrameBytesMax, "a length prefix has 24 bits");
  WireWriter(out).u24(frame_bytes);
}

}  // namespace prometheus_rsocket::rsocket
