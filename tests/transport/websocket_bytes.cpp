#include "websocket_bytes.h"

#include <array>
#include <cstdint>

namespace prometheus_rsocket::transport {
namespace {

constexpr std::array<unsigned char, 4> kMask{0x12, 0x34, 0x56, 0x78};

void append_number(std::string& bytes, std::uint64_t value, unsigned size) {
  for (unsigned i = size; i-- > 0;) bytes += static_cast<char>(value >> (8 * i) & 0xFFU);
}

std::uint64_t number_at(std::string_view bytes, std::size_t at, unsigned size) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < size; ++i) {
    value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

}  // namespace

std::string client_bytes(const WebSocketFrame& frame, bool masked, unsigned reserved) {
  const unsigned first =
      (frame.fin ? 0x80U : 0U) | reserved << 4U | static_cast<unsigned>(frame.opcode);
  const unsigned mask_bit = masked ? 0x80U : 0U;
  std::string bytes(1, static_cast<char>(first));
  const std::size_t size = frame.payload.size();
  if (size < 126) {
    append_number(bytes, mask_bit | size, 1);
  } else if (size < 0x1'0000) {
    append_number(bytes, mask_bit | 126U, 1);
    append_number(bytes, size, 2);
  } else {
    append_number(bytes, mask_bit | 127U, 1);
    append_number(bytes, size, 8);
  }
  if (!masked) return bytes.append(frame.payload);
  for (const unsigned char byte : kMask) bytes += static_cast<char>(byte);
  for (std::size_t i = 0; i < size; ++i) {
    bytes += static_cast<char>(static_cast<unsigned char>(frame.payload[i]) ^ kMask[i % 4]);
  }
  return bytes;
}

std::vector<WebSocketFrame> parse_server_frames(std::string_view bytes) {
  std::vector<WebSocketFrame> frames;
  while (bytes.size() >= 2) {
    const auto first = static_cast<unsigned>(number_at(bytes, 0, 1));
    std::uint64_t size = number_at(bytes, 1, 1);
    const unsigned more = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (bytes.size() < 2 + more) break;
    if (more > 0) size = number_at(bytes, 2, more);
    bytes.remove_prefix(2 + more);
    if (bytes.size() < size) break;
    frames.push_back(
        {static_cast<Opcode>(first & 0xFU), (first & 0x80U) != 0, bytes.substr(0, size)});
    bytes.remove_prefix(size);
  }
  return frames;
}

std::optional<unsigned> close_code(const WebSocketFrame& frame) {
  if (frame.opcode != Opcode::kClose || frame.payload.size() < 2) return std::nullopt;
  return static_cast<unsigned>(number_at(frame.payload, 0, 2));
}

std::string close_payload(unsigned code) {
  std::string payload;
  append_number(payload, code, 2);
  return payload;
}

std::string upgrade_request(std::string_view headers, std::string_view path) {
  return "GET " + std::string(path) +
         " HTTP/1.1\r\nHost: proxy\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         std::string(headers) + "\r\n";
}

}  // namespace prometheus_rsocket::transport
