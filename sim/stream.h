// An end of a connection on the virtual network, as the seam has it.
#pragma once

#include <cstddef>
#include <memory>

#include "runtime/network.h"
#include "sim/connection.h"
#include "sim/shard_executor.h"

namespace prometheus_rsocket::sim {

// REQUIRES: an executor of a simulated shard.
[[nodiscard]] TaskQueue& shard_of(const runtime::Executor& executor);

// REQUIRES: nobody has that end yet.
[[nodiscard]] std::unique_ptr<runtime::Stream> make_stream(runtime::Executor executor,
                                                           std::shared_ptr<Connection> connection,
                                                           std::size_t end);

}  // namespace prometheus_rsocket::sim
