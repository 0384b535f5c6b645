// The seam's Worker in virtual time: work is done in one go, and takes as long as what it used
// says.
#pragma once

#include <deque>
#include <memory>

#include "base/time.h"
#include "runtime/worker.h"
#include "sim/process.h"

namespace prometheus_rsocket::sim {

// Something that blocking work uses and that takes time: a disk.
class Blocking {
 public:
  virtual ~Blocking() = default;
  virtual void begin_work() = 0;
  virtual base::Duration end_work() = 0;  // how long it took since begin_work()
};

// Of a process, and gone with it (Process::emplace). `blocking` outlives it.
class Worker final : public runtime::Worker {
 public:
  Worker(Process& process, Blocking& blocking) : process_(process), blocking_(blocking) {}

 private:
  struct Job {
    runtime::Handler<void()> work;
    runtime::Handler<void()> handler;
  };

  void do_run(runtime::Handler<void()> work, runtime::Handler<void()> handler) override;
  void next();
  void work();

  Process& process_;
  Blocking& blocking_;
  std::deque<Job> jobs_;  // the first is under way
};

}  // namespace prometheus_rsocket::sim
