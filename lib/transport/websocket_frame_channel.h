// RSocket frames as WebSocket messages: one binary message each, with no length prefix
// (RSocket 1.0, "Framing Format"; wire-protocol.md, section 1). The handshakes of both sides.
//
// On Boost.Beast, in websocket_frame_channel.cpp alone. No subprotocol and no compression: a small
// message that unpacks to a large one is never let in.
//
// A text message ends the connection with close code 1003 behind the ERROR; a frame that breaks
// RFC 6455 with what Beast says (1002, 1009), and next_frame() then gives that error.
#pragma once

#include <boost/asio/async_result.hpp>
#include <memory>
#include <string>
#include <utility>

#include "base/time.h"
#include "runtime/runtime.h"
#include "transport/frame_channel.h"

namespace prometheus_rsocket::transport {

struct WebSocketAcceptConfig {
  base::Instant deadline;  // for the whole handshake, the wait below too
  // So long a peer waits for its answer that sent what begins like no HTTP at all. It may take
  // itself for connected, as a client of RSocket over TCP does (wire-protocol.md 1.9).
  base::Duration hold{};
};

struct AcceptedWebSocket {
  std::unique_ptr<FrameChannel> channel;
  std::string authorization;  // headers of the upgrade request; empty when absent
  std::string forwarded_for;  // X-Forwarded-For: all its lines, as one list
};

struct WebSocketDialConfig {
  std::string host;  // for the Host header: `proxy.example:8081`
  std::string path = "/";
  base::Instant deadline;
  std::string authorization = {};  // header of the upgrade request; empty: none
};

// How a handshake fails beside the errors of the stream and of Beast.
//   timed_out      the deadline came
//   bad_message    what came is no WebSocket upgrade; the peer was told by 400, 426 or 431

void do_accept_websocket(runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream,
                         WebSocketAcceptConfig config,
                         runtime::Handler<void(runtime::error_code, AcceptedWebSocket)> handler);
void do_dial_websocket(
    runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream, WebSocketDialConfig config,
    runtime::Handler<void(runtime::error_code, std::unique_ptr<FrameChannel>)> handler);

// The server's side. Any path is taken, as the Java proxy does. `shard` is the stream's.
template <class Token>
auto async_accept_websocket(runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream,
                            WebSocketAcceptConfig config, Token&& token) {
  return boost::asio::async_initiate<Token, void(runtime::error_code, AcceptedWebSocket)>(
      [&shard](auto handler, std::unique_ptr<runtime::Stream> from, WebSocketAcceptConfig how) {
        do_accept_websocket(shard, std::move(from), how, std::move(handler));
      },
      token, std::move(stream), config);
}

// The client's side.
template <class Token>
auto async_dial_websocket(runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream,
                          WebSocketDialConfig config, Token&& token) {
  return boost::asio::async_initiate<Token,
                                     void(runtime::error_code, std::unique_ptr<FrameChannel>)>(
      [&shard](auto handler, std::unique_ptr<runtime::Stream> from, WebSocketDialConfig how) {
        do_dial_websocket(shard, std::move(from), std::move(how), std::move(handler));
      },
      token, std::move(stream), std::move(config));
}

}  // namespace prometheus_rsocket::transport
