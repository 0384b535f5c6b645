// Reads the PROXY header (proxy_header.h) off a fresh connection, before anything is made of it.
//
// What is handed on reads as if the header had never been there, and has the address that it gives
// as its remote_endpoint(): whoever drives it does not know of balancers.
#pragma once

#include <boost/asio/async_result.hpp>
#include <memory>
#include <utility>

#include "base/time.h"
#include "runtime/runtime.h"
#include "transport/proxy_header.h"

namespace prometheus_rsocket::transport {

struct ProxyHeaderConfig {
  // Whether the peer has to send one (it is a trusted balancer); otherwise it must not.
  bool required = false;
  base::Instant deadline;
};

// Completes with the stream, also where it is refused:
//   no error          it is to be served. One that sends no header and need not is as it came,
//                     however late, wrong or ended it is: that is for others to judge
//   ProxyHeaderError  why it is refused
//   the stream's own  it ended without a byte
void do_read_proxy_header(
    runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream, ProxyHeaderConfig config,
    runtime::Handler<void(runtime::error_code, std::unique_ptr<runtime::Stream>)> handler);

// `shard` is the stream's.
template <class Token>
auto async_read_proxy_header(runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream,
                             ProxyHeaderConfig config, Token&& token) {
  return boost::asio::async_initiate<Token,
                                     void(runtime::error_code, std::unique_ptr<runtime::Stream>)>(
      [&shard](auto handler, std::unique_ptr<runtime::Stream> from, ProxyHeaderConfig how) {
        do_read_proxy_header(shard, std::move(from), how, std::move(handler));
      },
      token, std::move(stream), config);
}

}  // namespace prometheus_rsocket::transport
