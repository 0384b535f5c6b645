// One deadline that moves: what most users of a Timer want.
//
// Moving a deadline away costs nothing: the timer wakes early once and is set anew. So a deadline
// that every frame or piece pushes ahead can be kept for each of many connections.
#pragma once

#include <functional>
#include <memory>

#include "base/time.h"
#include "runtime/runtime.h"

namespace prometheus_rsocket::runtime {

class Alarm {
 public:
  // `due` is called on the shard's executor when a deadline has come; the deadline is cleared by
  // then. It may set the alarm again or destroy it.
  Alarm(Shard& shard, std::function<void()> due);
  ~Alarm();  // `due` is not called any more

  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  void set(base::Instant deadline);  // in place of the one before
  void clear();

 private:
  struct State;
  std::shared_ptr<State> state_;  // a wait under way sees by it that the alarm is gone
};

}  // namespace prometheus_rsocket::runtime
