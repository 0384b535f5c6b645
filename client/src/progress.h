// What the application's threads wait for, told by the Runtime's thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "prometheus_rsocket/client.h"

namespace prometheus_rsocket::client {

class Progress {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // Once it is closing it can only be closed. The application's thread says kClosing itself, so
  // that it does not find the client ready after it pushed.
  void set_status(Status status) {
    {
      const std::lock_guard lock(mutex_);
      if (status_ == Status::kClosed) return;
      if (status_ == Status::kClosing && status != Status::kClosed) return;
      status_ = status;
    }
    changed_.notify_all();
  }

  // The first result counts.
  void set_pushed(PushResult result) {
    {
      const std::lock_guard lock(mutex_);
      if (!pushed_) pushed_ = result;
    }
    changed_.notify_all();
  }

  [[nodiscard]] Status status() {
    const std::lock_guard lock(mutex_);
    return status_;
  }

  // What it is once it is kReady or kClosed, or at the deadline.
  Status wait_until_settled(Deadline deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline,
                        [this] { return status_ == Status::kReady || status_ == Status::kClosed; });
    return status_;
  }

  // kTimedOut at the deadline.
  PushResult wait_until_pushed(Deadline deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [this] { return pushed_.has_value(); });
    return pushed_.value_or(PushResult::kTimedOut);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Status status_ = Status::kConnecting;
  std::optional<PushResult> pushed_;
};

}  // namespace prometheus_rsocket::client
