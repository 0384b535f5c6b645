// The seam's Keys for programs: key pairs are made on a thread of their own, off the event loops.
#pragma once

#include <memory>

#include "runtime/keys.h"

namespace prometheus_rsocket::net {

// Threads: any. Its destruction waits for the pair being made; handlers that wait then are
// destroyed uncalled. It has to outlive the processes that use it.
[[nodiscard]] std::unique_ptr<runtime::Keys> make_keys();

}  // namespace prometheus_rsocket::net
