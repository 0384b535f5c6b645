// Work that blocks, at the seam: files, and what takes long. It happens off the event loops.
#pragma once

#include <boost/asio/async_result.hpp>
#include <utility>

#include "runtime/handler.h"

namespace prometheus_rsocket::runtime {

// One thread of its own: what it is given is done one after the other, in the order in which it
// came.
class Worker {
 public:
  virtual ~Worker() = default;

  // Does `work`, then completes. REQUIRES: the token is bound to a shard's executor, since workers
  // belong to none; what `work` refers to lives until it is done or destroyed, even if the handler
  // is destroyed before (an object of shared ownership).
  template <class Token>
  auto async_run(Handler<void()> work, Token&& token) {
    return boost::asio::async_initiate<Token, void()>(
        [this](auto handler, Handler<void()> what) { do_run(std::move(what), std::move(handler)); },
        token, std::move(work));
  }

 private:
  virtual void do_run(Handler<void()> work, Handler<void()> handler) = 0;
};

}  // namespace prometheus_rsocket::runtime
