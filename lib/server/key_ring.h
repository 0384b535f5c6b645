// The process' key pair: made ahead of need, replaced every rotation, handed to all shards.
//
// One for all connections: a pair of its own for each costs the Java proxy 100 ms of CPU a
// connection (design.md, "Production runtime"). Lives on shard 0.
#pragma once

#include <functional>
#include <memory>

#include "base/time.h"
#include "runtime/runtime.h"

namespace prometheus_rsocket::server {

class KeyRing {
 public:
  using Publish = std::function<void(std::shared_ptr<const envelope::PrivateKey>)>;

  // `publish` is called with each new key, the first time soon after start().
  KeyRing(runtime::Shard& shard, unsigned bits, base::Duration rotation, Publish publish);

  void start() { make(); }

 private:
  void make();
  void wait(base::Duration time);

  runtime::Shard& shard_;
  const unsigned bits_;
  const base::Duration rotation_;
  Publish publish_;
  std::unique_ptr<runtime::Timer> timer_;
};

}  // namespace prometheus_rsocket::server
