// Dialling on the virtual network.
#pragma once

#include <memory>

#include "runtime/network.h"
#include "sim/shard_executor.h"

namespace prometheus_rsocket::sim {

// As runtime::Network::async_connect(). REQUIRES: the process has not ended.
void dial(TaskQueue& shard, const runtime::Endpoint& to,
          runtime::Handler<void(runtime::error_code, std::unique_ptr<runtime::Stream>)> handler);

}  // namespace prometheus_rsocket::sim
