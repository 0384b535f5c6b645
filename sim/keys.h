// Key pairs in a simulated world.
#pragma once

#include <memory>

#include "runtime/keys.h"
#include "sim/shard_executor.h"

namespace prometheus_rsocket::sim {

// Makes stand-ins for RSA key pairs, or with Config::real_keys the pairs themselves. A stand-in
// costs nothing, has the sizes of RSA, and unwraps only what was wrapped for it.
[[nodiscard]] std::unique_ptr<runtime::Keys> make_keys(TaskQueue& shard);

}  // namespace prometheus_rsocket::sim
