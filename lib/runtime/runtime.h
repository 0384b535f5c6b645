// THE SEAM: everything above it reaches the outside world through these interfaces alone, and so is
// the same code, compiled once, in production (lib/net) and in simulation (sim/).
//
// A process is one or more shards. A shard is one thread of execution with connections of its own;
// what happens on it happens one after the other, so no mutex guards its state. Shards send each
// other messages. In the simulator these are delayed, and those of different pairs reordered.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <cstddef>

#include "runtime/clock.h"
#include "runtime/handler.h"
#include "runtime/keys.h"
#include "runtime/log.h"
#include "runtime/network.h"
#include "runtime/random.h"
#include "runtime/signals.h"

namespace prometheus_rsocket::runtime {

// What one shard uses. Everything referred to outlives whatever runs on the shard.
struct Shard {
  std::size_t index = 0;
  Executor executor;
  Clock& clock;
  Timers& timers;
  Network& network;
  Resolver& resolver;
  Random& random;
  Keys& keys;
  Log& log;
};

class Process {
 public:
  virtual ~Process() = default;
  [[nodiscard]] virtual std::size_t shard_count() const = 0;  // at least 1
  [[nodiscard]] virtual Shard& shard(std::size_t index) = 0;
  [[nodiscard]] virtual Signals& signals() = 0;  // used from shard 0

  // Runs `task` on shard `to`. Messages between the same two shards keep their order.
  virtual void send(std::size_t from, std::size_t to, Handler<void()> task) = 0;
};

}  // namespace prometheus_rsocket::runtime
