// A client that sends frames, and bytes that are none, without caring for the protocol, over TCP or
// WebSocket: a RawPeer that speaks the framing of either.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rsocket/frame.h"
#include "sim/peer/raw_peer.h"
#include "sim/peer/rsocket_bytes.h"
#include "transport/frame_channel.h"
#include "websocket_bytes.h"

namespace prometheus_rsocket::transport {

class RawClient {
 public:
  // Dials; over WebSocket it asks for the upgrade at once.
  RawClient(runtime::Shard& shard, const runtime::Endpoint& to, TransportKind kind);

  // Connected, and past the upgrade.
  [[nodiscard]] bool ready() const;

  void send(const rsocket::Frame& frame) { peer_.send(wrapped(frame)); }
  // The frame as it goes over the wire.
  [[nodiscard]] std::string wrapped(const rsocket::Frame& frame) const;

  // The whole frames that came; they borrow from what was received.
  [[nodiscard]] std::vector<rsocket::Frame> frames() const;
  // The code of the last ERROR on stream 0.
  [[nodiscard]] std::optional<rsocket::ErrorCode> last_error() const;
  // Of the WebSocket: everything after the answer to the upgrade.
  [[nodiscard]] std::vector<WebSocketFrame> websocket_frames() const;
  [[nodiscard]] std::optional<unsigned> close_code() const;

  [[nodiscard]] sim::peer::RawPeer& peer() { return peer_; }
  [[nodiscard]] const sim::peer::RawPeer& peer() const { return peer_; }

 private:
  TransportKind kind_;
  sim::peer::RawPeer peer_;
};

}  // namespace prometheus_rsocket::transport
