// A runtime::Stream that is encrypted: an engine after its handshake, over another Stream. It has
// the errors and the ends of one over TCP (runtime/network.h), close_notify being TLS' FIN:
//
//   async_shutdown_send  close_notify, then the FIN of the stream below. Reading goes on.
//   close()              the same as far as the system takes it at once; neither if something that
//                        came has not been read, as TCP resets then, or with a write under way.
//   eof                  the peer's close_notify. A FIN without one is a connection_reset: anybody
//                        on the way can send it.
//   tls_category()       (tls_error.h) the peer broke the protocol, or sent an alert. Then writes
//                        are a broken_pipe, as after a reset.
//
// A write that is cancelled may be out in part, so that nothing can be written behind it. What the
// peer asks for by itself (a change of our keys) goes out with the next write.
#pragma once

#include <memory>

#include "net/tls_engine.h"
#include "runtime/network.h"

namespace prometheus_rsocket::net {

// REQUIRES: the engine's handshake is done, and its output has been taken.
[[nodiscard]] std::unique_ptr<runtime::Stream> make_tls_stream(
    std::unique_ptr<runtime::Stream> below, std::unique_ptr<TlsEngine> engine);

}  // namespace prometheus_rsocket::net
