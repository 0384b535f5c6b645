// The seam's Worker for programs: a thread that does one thing after the other.
#pragma once

#include <memory>

#include "runtime/worker.h"

namespace prometheus_rsocket::net {

// Threads: any. Its destruction waits for what is being done, and destroys what has not begun. It
// has to outlive the processes that use it; one that ends before its work is done destroys the
// handler uncalled, at once.
[[nodiscard]] std::unique_ptr<runtime::Worker> make_worker();

}  // namespace prometheus_rsocket::net
