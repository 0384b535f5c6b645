#include "net/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/check.h"

namespace prometheus_rsocket::net {

void SystemRandom::fill(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    CHECK(got > 0, "the system gives random bytes");
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace prometheus_rsocket::net
