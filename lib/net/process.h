// lib/net: the seam (lib/runtime) on Boost.Asio sockets and the system's clock, for production.
//
// A process of N shards, each with one thread and one io_context. This is the only header that
// programs need, beside log.h.
#pragma once

#include <cstddef>
#include <memory>

#include "runtime/runtime.h"

namespace prometheus_rsocket::net {

class Process final : public runtime::Process {
 public:
  // `keys` and `log` are used by every shard, from its thread, and outlive this.
  // REQUIRES: shard_count > 0.
  Process(std::size_t shard_count, runtime::Keys& keys, runtime::Log& log);
  ~Process() override;  // destroys waiting handlers uncalled. REQUIRES: run() has returned

  [[nodiscard]] std::size_t shard_count() const override;
  [[nodiscard]] runtime::Shard& shard(std::size_t index) override;
  // Takes SIGTERM, SIGINT and SIGHUP from the first call on: without one they are the program's.
  [[nodiscard]] runtime::Signals& signals() override;
  void send(std::size_t from, std::size_t to, runtime::Handler<void()> task) override;

  // Runs shard 0 on the calling thread and the others on their own, until stop().
  void run();
  // Threads: any. What has not run yet is destroyed uncalled with the process.
  void stop();

  // Instead of run(): runs on the calling thread what is ready on any shard, and waits up to `wait`
  // for shard 0 if there was nothing. True if something ran. A test sees all state without races.
  bool poll(base::Duration wait);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace prometheus_rsocket::net
