// The background thread that clients run on. Most programs never name it: clients that are not
// given one share the process's own, which starts with the first client and ends with the last.
//
// One thread carries thousands of clients. Give a client a Runtime of its own when its metrics are
// slow to collect: while they are collected, the other clients of that thread wait.
#pragma once

#include <memory>

namespace prometheus_rsocket {

class Runtime {
 public:
  // Starts the thread. It takes no signals: those stay with the application's threads. Throws
  // std::system_error when the system gives no thread or no descriptors.
  Runtime();
  // Ends the thread. In a child after fork(), where the thread does not exist, nothing happens.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // The process's own: the same one for everybody, as long as anybody holds it.
  static std::shared_ptr<Runtime> shared();

  struct Core;
  // For the library itself.
  [[nodiscard]] const std::shared_ptr<Core>& core() const { return core_; }

 private:
  std::shared_ptr<Core> core_;  // shared with the thread
};

}  // namespace prometheus_rsocket
