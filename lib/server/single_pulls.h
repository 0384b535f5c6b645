// Asks one client for its metrics: for a page of its own, or to see whether it is there. Pages that
// come close together share what is asked.
//
// Lives on shard 0. Sends to the client's shard through functions, so that it is tested alone.
#pragma once

#include <cstdint>
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

  // Somebody who waits for one.
  struct Wait {
    PullId pull{};
    std::uint64_t number = 0;
  };

  struct Shards {
    // One replied() follows, unless it is cancelled.
    std::function<void(ConnectionId, PullId)> ask;
    std::function<void(ConnectionId, PullId)> end;  // it is late, if it has not replied
    // It is not asked any more, if it has not replied, which is no fault of its.
    std::function<void(ConnectionId, PullId)> cancel;
    // Somebody's time for it is over while others wait on: what is known of it then.
    std::function<void(ConnectionId, const ScrapeRecord&)> late;
  };

  SinglePulls(runtime::Shard& shard, Shards shards) : shard_(shard), shards_(std::move(shards)) {}

  // `done` is called once, later: with what it replied, or that it is late, or gone. One that began
  // just now is shared; each has its own deadline, and the last one's is the client's.
  Wait pull(ConnectionId client, base::Instant deadline, Done done);
  // Its `done` is not called any more. A pull that nobody waits for is cancelled.
  void forget(const Wait& wait);
  // The same, as a probe (reply.h), and never shared.
  void probe(ConnectionId client, base::Instant deadline, Done done);

  // False, and nothing taken, when the pull is not one of these.
  [[nodiscard]] bool replied(PullId pull, Reply& reply);

 private:
  struct Waiter {
    base::Instant deadline;
    Done done;
  };
  struct Single {
    Single(runtime::Shard& shard, ConnectionId whom, std::function<void()> due)
        : client(whom), began(shard.clock.now()), alarm(shard, std::move(due)) {}
    ConnectionId client;
    base::Instant began;
    std::map<std::uint64_t, Waiter> waiters;  // by their number
    runtime::Alarm alarm;
  };

  Wait ask(PullId id, ConnectionId client, base::Instant deadline, Done done);
  [[nodiscard]] Wait add(PullId id, Single& single, base::Instant deadline, Done done);
  static void set_alarm(Single& single);
  void on_alarm(PullId id);
  void no_longer_newest(PullId pull, ConnectionId client);

  runtime::Shard& shard_;
  Shards shards_;
  std::uint64_t next_id_ = kFirstSinglePull;
  std::uint64_t next_probe_ = kFirstProbe;
  std::uint64_t next_wait_ = 0;
  std::map<PullId, std::unique_ptr<Single>> singles_;
  std::map<ConnectionId, PullId> newest_;  // of those that may be joined, probes aside
};

}  // namespace prometheus_rsocket::server
