// Gives memory that nobody has used for a while back to the system: tcmalloc does so by itself only
// while more is freed, so that what a burst has left would stay (docs/decisions/0013).
#pragma once

#include "proxy/surplus.h"
#include "runtime/alarm.h"
#include "runtime/runtime.h"

namespace prometheus_rsocket::proxy {

// Looks once a second, on its shard; does nothing where the allocator is another one.
class FreeMemory {
 public:
  explicit FreeMemory(runtime::Shard& shard);

 private:
  void look();

  runtime::Shard& shard_;
  Surplus surplus_;
  runtime::Alarm alarm_;
};

}  // namespace prometheus_rsocket::proxy
