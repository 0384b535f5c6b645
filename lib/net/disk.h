// The seam's Disk for programs: the system's files.
#pragma once

#include <memory>

#include "runtime/disk.h"

namespace prometheus_rsocket::net {

// Threads: any. Without state.
[[nodiscard]] std::unique_ptr<runtime::Disk> make_disk();

}  // namespace prometheus_rsocket::net
