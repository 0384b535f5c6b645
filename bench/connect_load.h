// The load of connect_rate: dials a proxy many times over TCP and notes how long each connection
// waits for its key. Each runs the code of a real client below the agent: transport::Session over
// rsocket::Connection.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/time.h"
#include "runtime/runtime.h"

namespace prometheus_rsocket::bench {

class ConnectLoad {
 public:
  // Keeps `at_once` dials under way until `connections` of them were made; those that got their key
  // stay open and idle as long as this lives. One shard, which outlives it.
  ConnectLoad(runtime::Shard& shard, runtime::Endpoint proxy, std::size_t connections,
              std::size_t at_once);
  ~ConnectLoad();  // closes every connection
  ConnectLoad(const ConnectLoad&) = delete;
  ConnectLoad& operator=(const ConnectLoad&) = delete;

  // Every dial has ended, with a key or without.
  [[nodiscard]] bool is_done() const;
  // From SYN to key, in the order in which the keys came; one for each that got its key.
  [[nodiscard]] const std::vector<base::Duration>& times_to_key() const { return times_to_key_; }
  // Dials that were refused, and connections that ended; 0 in a run that means anything.
  [[nodiscard]] std::size_t failed() const { return failed_; }

 private:
  class Dialled;

  void dial();
  void key_came(base::Duration after);
  void ended(bool had_key);

  runtime::Shard& shard_;
  const runtime::Endpoint proxy_;
  const std::size_t connections_;
  std::vector<std::unique_ptr<Dialled>> dialled_;
  std::vector<base::Duration> times_to_key_;
  std::size_t failed_ = 0;
  // What operations under way see that this is gone by.
  std::shared_ptr<ConnectLoad*> self_ = std::make_shared<ConnectLoad*>(this);
};

}  // namespace prometheus_rsocket::bench
