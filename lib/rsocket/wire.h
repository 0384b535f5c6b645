// Big-endian fields as RSocket 1.0 lays them out: internal to lib/rsocket's codec.
//
// Neither class reads or writes outside its span. The reader meets a peer's bytes: running short is
// remembered, not thrown. The writer meets our own sizes: running short is a bug and CHECKed.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"

namespace prometheus_rsocket::rsocket {

class WireReader {
 public:
  explicit WireReader(base::ByteView bytes) : bytes_(bytes) {}

  // Each gives 0 (or nothing) once bytes ran short; ok() then stays false.
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u24() { return static_cast<std::uint32_t>(number(3)); }
  std::uint32_t u31() { return u32() & 0x7FFF'FFFFU; }  // the reserved top bit is ignored
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u63() { return number(8) & 0x7FFF'FFFF'FFFF'FFFFU; }

  base::ByteView bytes(std::size_t count) {
    if (count > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    const base::ByteView taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
  }
  std::string_view text(std::size_t count) { return base::as_text(bytes(count)); }
  base::ByteView rest() { return bytes(bytes_.size()); }

  [[nodiscard]] std::size_t remaining() const { return bytes_.size(); }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    for (const std::byte byte : bytes(width)) {
      value = value << 8 | std::to_integer<std::uint64_t>(byte);
    }
    return value;
  }

  base::ByteView bytes_;
  bool ok_ = true;
};

class WireWriter {
 public:
  explicit WireWriter(std::span<std::byte> out) : out_(out) {}

  void u8(std::size_t value) { number(value, 1); }
  void u16(std::size_t value) { number(value, 2); }
  void u24(std::size_t value) { number(value, 3); }
  void u32(std::size_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }

  void bytes(base::ByteView value) {
    const std::span<std::byte> to = room(value.size());
    if (!value.empty()) std::memcpy(to.data(), value.data(), value.size());
  }
  void text(std::string_view value) { bytes(base::as_bytes(value)); }

  [[nodiscard]] std::size_t written() const { return written_; }

 private:
  std::span<std::byte> room(std::size_t count) {
    CHECK(count <= out_.size() - written_, "the caller's buffer holds encoded_size(frame) bytes");
    const std::span<std::byte> taken = out_.subspan(written_, count);
    written_ += count;
    return taken;
  }
  void number(std::uint64_t value, std::size_t width) {
    CHECK(width == 8 || value >> (8 * width) == 0, "the value fits its field");
    for (std::byte& byte : room(width)) {
      --width;
      byte = static_cast<std::byte>(value >> (8 * width) & 0xFFU);
    }
  }

  std::span<std::byte> out_;
  std::size_t written_ = 0;
};

// Flag bits of the header; their meaning depends on the type (RSocket 1.0, "Frame Types").
inline constexpr std::uint16_t kFlagIgnore = 0x200;
inline constexpr std::uint16_t kFlagMetadata = 0x100;
inline constexpr std::uint16_t kFlagFollows = 0x080;
inline constexpr std::uint16_t kFlagResume = 0x080;
inline constexpr std::uint16_t kFlagRespond = 0x080;
inline constexpr std::uint16_t kFlagLease = 0x040;
inline constexpr std::uint16_t kFlagComplete = 0x040;
inline constexpr std::uint16_t kFlagNext = 0x020;

}  // namespace prometheus_rsocket::rsocket
