// The inside of a Runtime: one shard of lib/net and its thread.
#pragma once

#include <sys/types.h>

#include <memory>
#include <span>
#include <string_view>
#include <thread>

#include "client_keys.h"
#include "net/process.h"
#include "prometheus_rsocket/runtime.h"
#include "runtime/log.h"

namespace prometheus_rsocket {

namespace client {

// Agents tell what happens by events, which each client logs for itself.
class NoLog final : public runtime::Log {
 public:
  void write(runtime::LogLevel /*level*/, std::string_view /*message*/,
             std::span<const runtime::LogField> /*fields*/) override {}
};

}  // namespace client

struct Runtime::Core {
  Core();

  // False in a child after fork().
  [[nodiscard]] bool here() const;
  [[nodiscard]] bool on_thread() const { return std::this_thread::get_id() == thread.get_id(); }
  [[nodiscard]] runtime::Shard& shard() { return process.shard(0); }
  // Threads: any. After the end the task is destroyed uncalled.
  void post(runtime::Handler<void()> task) { process.send(0, 0, std::move(task)); }

  const pid_t owner;
  client::ClientKeys keys;
  client::NoLog log;
  net::Process process;
  std::thread thread;
};

}  // namespace prometheus_rsocket
