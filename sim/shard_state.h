// A shard of a simulated process: the seam's parts for it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runtime/runtime.h"
#include "sim/kernel.h"

namespace prometheus_rsocket::sim {

class SimClock final : public runtime::Clock {
 public:
  explicit SimClock(ProcessState& process) : process_(process) {}
  [[nodiscard]] base::Instant now() const override;
  [[nodiscard]] base::WallTime wall_now() const override;

 private:
  ProcessState& process_;
};

class SimTimers final : public runtime::Timers {
 public:
  explicit SimTimers(TaskQueue& shard) : shard_(shard) {}
  [[nodiscard]] std::unique_ptr<runtime::Timer> make_timer() override;

 private:
  TaskQueue& shard_;
};

class SimRandom final : public runtime::Random {
 public:
  explicit SimRandom(Draws draws) : draws_(draws) {}
  void fill(std::span<std::byte> bytes) override;

 private:
  Draws draws_;
};

class SimLog final : public runtime::Log {
 public:
  SimLog(ProcessState& process, std::size_t shard) : process_(process), shard_(shard) {}
  void write(runtime::LogLevel level, std::string_view message,
             std::span<const runtime::LogField> fields) override;

 private:
  ProcessState& process_;
  std::size_t shard_;
};

// Kept while nobody waits, one of each kind.
class SimSignals final : public runtime::Signals {
 public:
  explicit SimSignals(TaskQueue& shard) : shard_(shard) {}
  void raise(runtime::Signal signal);
  void drop() { waiting_.reset(); }

 private:
  void do_wait(runtime::Handler<void(runtime::error_code, runtime::Signal)> handler) override;
  void deliver();

  TaskQueue& shard_;
  bool kept_[2] = {};
  std::optional<runtime::Handler<void(runtime::error_code, runtime::Signal)>> waiting_;
};

struct ShardState {
  ShardState(ProcessState& process, std::size_t index);

  TaskQueue queue;
  SimClock clock;
  SimTimers timers;
  std::unique_ptr<runtime::Network> network;
  std::unique_ptr<runtime::Resolver> resolver;
  SimRandom random;
  std::unique_ptr<runtime::Keys> keys;
  SimLog log;
  runtime::Shard shard;
};

}  // namespace prometheus_rsocket::sim
