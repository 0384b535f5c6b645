#include "raw_client.h"

#include "base/bytes.h"

namespace prometheus_rsocket::transport {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";

}  // namespace

RawClient::RawClient(runtime::Shard& shard, const runtime::Endpoint& to, TransportKind kind)
    : kind_(kind), peer_(shard, to) {
  if (kind_ == TransportKind::kWebSocket) peer_.send(upgrade_request());
}

bool RawClient::ready() const {
  if (kind_ == TransportKind::kTcp) return peer_.connected();
  return peer_.received().starts_with("HTTP/1.1 101 ") &&
         peer_.received().find(kEndOfHead) != std::string::npos;
}

std::string RawClient::wrapped(const rsocket::Frame& frame) const {
  if (kind_ == TransportKind::kTcp) return sim::peer::framed(frame);
  return client_bytes({Opcode::kBinary, true, base::as_text(rsocket::encode(frame))});
}

std::vector<WebSocketFrame> RawClient::websocket_frames() const {
  const std::string_view all = peer_.received();
  const std::size_t head = all.find(kEndOfHead);
  if (head == std::string_view::npos) return {};
  return parse_server_frames(all.substr(head + kEndOfHead.size()));
}

std::vector<rsocket::Frame> RawClient::frames() const {
  if (kind_ == TransportKind::kTcp) return sim::peer::frames(peer_.received());
  std::vector<rsocket::Frame> found;
  for (const WebSocketFrame& message : websocket_frames()) {
    if (message.opcode != Opcode::kBinary) continue;
    if (const auto frame = rsocket::decode(base::as_bytes(message.payload))) {
      found.push_back(*frame);
    }
  }
  return found;
}

std::optional<rsocket::ErrorCode> RawClient::last_error() const {
  std::optional<rsocket::ErrorCode> code;
  for (const rsocket::Frame& frame : frames()) {
    const auto* error = std::get_if<rsocket::ErrorFrame>(&frame.body);
    if (error != nullptr && frame.stream == rsocket::kConnectionStream) code = error->code;
  }
  return code;
}

std::optional<unsigned> RawClient::close_code() const {
  for (const WebSocketFrame& frame : websocket_frames()) {
    if (frame.opcode == Opcode::kClose) return transport::close_code(frame);
  }
  return std::nullopt;
}

}  // namespace prometheus_rsocket::transport
