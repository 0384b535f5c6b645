// Asks one client for its metrics: for a page of its own, or to see whether it is there.
//
// Lives on shard 0. Sends to the client's shard through two functions, so that it is tested alone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "runtime/alarm.h"
#include "runtime/runtime.h"
#include "server/reply.h"

namespace prometheus_rsocket::server {

class SinglePulls {
 public:
  using Done = std::function<void(PullId, Reply)>;

  struct Shards {
    std::function<void(ConnectionId, PullId)> ask;  // exactly one replied() follows
    std::function<void(ConnectionId, PullId)> end;  // it is late, if it has not replied
  };

  SinglePulls(runtime::Shard& shard, Shards shards) : shard_(shard), shards_(std::move(shards)) {}

  // `done` is called once, later: with what it replied, or that it is late, or gone.
  void pull(ConnectionId client, base::Instant deadline, Done done);

  // False, and nothing taken, when the pull is not one of these.
  [[nodiscard]] bool replied(PullId pull, Reply& reply);

 private:
  struct Single {
    Single(runtime::Shard& shard, Done the_done, std::function<void()> due)
        : done(std::move(the_done)), alarm(shard, std::move(due)) {}
    Done done;
    runtime::Alarm alarm;
  };

  runtime::Shard& shard_;
  Shards shards_;
  // Apart from those of pulls of everybody, which count from 1.
  std::uint64_t next_id_ = std::uint64_t{1} << 63U;
  std::map<PullId, std::unique_ptr<Single>> singles_;
};

}  // namespace prometheus_rsocket::server
