// The seam's Keys for programs: key pairs are made on a thread of their own, off the event loops.
#pragma once

#include <memory>

#include "runtime/keys.h"

namespace prometheus_rsocket::net {

// Threads: any. Its destruction waits for the pair being made. It has to outlive the processes that
// use it; one that ends while its key is being made destroys the handler uncalled, at once.
[[nodiscard]] std::unique_ptr<runtime::Keys> make_keys();

}  // namespace prometheus_rsocket::net
