#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace prometheus_rsocket::base {

void check_failed(const char* condition, const char* file, int line, const char* reason) {
  std::fprintf(stderr, "CHECK failed: %s (%s:%d): %s\n", condition, file, line, reason);
  std::abort();
}

}  // namespace prometheus_rsocket::base
