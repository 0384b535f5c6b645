// Always-on assertions for what only a bug can cause.
//
// Errors from outside (a peer, a file, a user) are values and never come here. A failed CHECK
// prints its condition, place and reason to stderr and aborts the process, in every build type.
#pragma once

namespace prometheus_rsocket::base {

[[noreturn]] void check_failed(const char* condition, const char* file, int line,
                               const char* reason);

}  // namespace prometheus_rsocket::base

// CHECK(condition, "why it must hold");
#define CHECK(condition, reason) \
  (static_cast<bool>(condition)  \
       ? static_cast<void>(0)    \
       : ::prometheus_rsocket::base::check_failed(#condition, __FILE__, __LINE__, (reason)))
