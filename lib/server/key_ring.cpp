#include "server/key_ring.h"

#include <boost/asio/bind_executor.hpp>
#include <utility>

#include "server/limits.h"

namespace prometheus_rsocket::server {

using runtime::error_code;

KeyRing::KeyRing(runtime::Shard& shard, unsigned bits, base::Duration rotation, Publish publish)
    : shard_(shard),
      bits_(bits),
      rotation_(rotation),
      publish_(std::move(publish)),
      timer_(shard.timers.make_timer()) {}

void KeyRing::make() {
  shard_.keys.async_make_private_key(
      bits_, boost::asio::bind_executor(
                 shard_.executor,
                 [this](error_code error, std::shared_ptr<const envelope::PrivateKey> key) {
                   if (error) {
                     shard_.log.error("no key could be made", {{"reason", error.message()}});
                     return wait(kKeyRetry);
                   }
                   publish_(std::move(key));
                   wait(rotation_);
                 }));
}

void KeyRing::wait(base::Duration time) {
  timer_->async_wait_until(shard_.clock.now() + time,
                           boost::asio::bind_executor(shard_.executor, [this](error_code e) {
                             if (!e) make();
                           }));
}

}  // namespace prometheus_rsocket::server
