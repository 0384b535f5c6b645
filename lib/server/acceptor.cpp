#include "server/acceptor.h"

#include <boost/asio/bind_executor.hpp>
#include <utility>

#include "server/limits.h"

namespace prometheus_rsocket::server {

using runtime::error_code;

Acceptor::Acceptor(runtime::Process& process, std::unique_ptr<runtime::Listener> listener,
                   Choose choose, Accepted accepted)
    : process_(process),
      shard_(process.shard(0)),
      listener_(std::move(listener)),
      timer_(shard_.timers.make_timer()),
      choose_(std::move(choose)),
      accepted_(std::move(accepted)) {}

void Acceptor::resume() {
  paused_ = false;
  if (busy_ || closed_) return;
  busy_ = true;
  const std::size_t shard = choose_();
  listener_->async_accept(
      process_.shard(shard).executor,
      boost::asio::bind_executor(
          shard_.executor,
          [this, shard](error_code error, std::unique_ptr<runtime::Stream> stream) {
            busy_ = false;
            if (closed_) return;
            if (error) {
              shard_.log.error("a connection could not be accepted", {{"reason", error.message()}});
              return retry();
            }
            accepted_(shard, std::move(stream));
            if (!paused_) resume();
          }));
}

// Out of descriptors, most likely: nothing is gained by trying again at once.
void Acceptor::retry() {
  busy_ = true;
  timer_->async_wait_until(shard_.clock.now() + kAcceptRetry,
                           boost::asio::bind_executor(shard_.executor, [this](error_code) {
                             busy_ = false;
                             if (!closed_ && !paused_) resume();
                           }));
}

void Acceptor::close() {
  closed_ = true;
  listener_->close();
  timer_->cancel();
}

}  // namespace prometheus_rsocket::server
