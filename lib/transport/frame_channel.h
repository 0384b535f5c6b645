// RSocket frames over a runtime::Stream: TCP with its length prefix, or WebSocket messages.
//
// The driver's view of a connection's bytes: take the frames that are here, fill when there are
// none, write what is to be sent. Knows nothing of what a frame means. Used on one shard alone;
// must live until the handlers of its operations were called or destroyed.
#pragma once

#include <boost/system/result.hpp>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "runtime/network.h"

namespace prometheus_rsocket::transport {

enum class TransportKind : std::uint8_t { kTcp, kWebSocket };

class FrameChannel {
 public:
  virtual ~FrameChannel() = default;

  // The next frame that has wholly arrived, without a length prefix; nothing when more bytes are
  // needed; an error when what came is no frame (rsocket::FrameError), the same at every later
  // call. The view is valid until the next async_fill().
  [[nodiscard]] virtual boost::system::result<std::optional<base::ByteView>> next_frame() = 0;

  // What has come of the frame that is not whole yet, without a length prefix; empty between frames
  // and while one is skipped. Valid until the next async_fill(). REQUIRES: next_frame() gave
  // nothing.
  [[nodiscard]] virtual base::ByteView arriving() const = 0;

  // Drops that, and the rest of the frame as it comes: it is read and not kept. REQUIRES:
  // arriving() holds a header, and no async_fill() is under way.
  virtual void skip_frame() = 0;

  // Takes more bytes from the peer: completes when some came, with eof after its FIN. One at a
  // time.
  template <class Token>
  auto async_fill(Token&& token) {
    return boost::asio::async_initiate<Token, void(runtime::error_code)>(
        [this](auto handler) { do_fill(std::move(handler)); }, token);
  }

  // Writes whole frames, in order; completes when the last byte was handed over. One at a time.
  template <class Token>
  auto async_write(std::vector<base::Bytes> frames, Token&& token) {
    return boost::asio::async_initiate<Token, void(runtime::error_code)>(
        [this](auto handler, std::vector<base::Bytes> what) {
          do_write(std::move(what), std::move(handler));
        },
        token, std::move(frames));
  }

  // Says goodbye in the transport's own way (FIN, or a WebSocket close) after all that was written.
  template <class Token>
  auto async_shutdown(Token&& token) {
    return boost::asio::async_initiate<Token, void(runtime::error_code)>(
        [this](auto handler) { do_shutdown(std::move(handler)); }, token);
  }

  // Ends the connection at once; operations under way complete with operation_aborted.
  virtual void close() = 0;

  // From now on what arrives is read and thrown away: next_frame() gives nothing, memory does not
  // grow. For the time between our goodbye and the peer's.
  virtual void discard_input() = 0;

  // What the stream has taken so far, parts of a write included: whether a long write moves.
  [[nodiscard]] virtual std::uint64_t written_bytes() const = 0;

  [[nodiscard]] virtual TransportKind kind() const = 0;
  [[nodiscard]] virtual runtime::Endpoint remote_endpoint() const = 0;

 private:
  virtual void do_fill(runtime::Handler<void(runtime::error_code)> handler) = 0;
  virtual void do_write(std::vector<base::Bytes> frames,
                        runtime::Handler<void(runtime::error_code)> handler) = 0;
  virtual void do_shutdown(runtime::Handler<void(runtime::error_code)> handler) = 0;
};

[[nodiscard]] std::unique_ptr<FrameChannel> make_tcp_channel(
    std::unique_ptr<runtime::Stream> stream);

}  // namespace prometheus_rsocket::transport
