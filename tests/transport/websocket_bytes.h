// WebSocket as bytes (RFC 6455, section 5.2): what a client sends, made by hand so that it can be
// wrong, and what a server sends, taken apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus_rsocket::transport {

enum class Opcode : unsigned {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

struct WebSocketFrame {
  Opcode opcode{};
  bool fin = true;
  std::string_view payload;  // borrowed, unmasked
  friend bool operator==(const WebSocketFrame&, const WebSocketFrame&) = default;
};

// As a client sends it, masked unless told otherwise. `reserved`: the three bits that nobody may
// set without an extension.
[[nodiscard]] std::string client_bytes(const WebSocketFrame& frame, bool masked = true,
                                       unsigned reserved = 0);

// Whole frames of a server's; what is cut off at the end is left out. They borrow from `bytes`.
[[nodiscard]] std::vector<WebSocketFrame> parse_server_frames(std::string_view bytes);

// Of a close frame; nothing if it has none.
[[nodiscard]] std::optional<unsigned> close_code(const WebSocketFrame& frame);
[[nodiscard]] std::string close_payload(unsigned code);

// A request that is answered by 101; `headers` are lines, each with CRLF.
[[nodiscard]] std::string upgrade_request(std::string_view headers = "",
                                          std::string_view path = "/");

}  // namespace prometheus_rsocket::transport
