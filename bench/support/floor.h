// The floor of a scrape: what no proxy can do without, for the same payloads and on the same
// machine (performance.md of the goals): for each client one RSA private operation with OAEP,
// decompression, finding the lines, one copy of the text; then the page's way through a socket.
//
// It is OpenSSL's EVP, the Snappy library, memchr(3), memcpy(3) and send(2), with nothing of ours
// in between: payloads and the page are made once, a context and a buffer for each thread and run.
#pragma once

#include <cstddef>
#include <memory>

#include "base/time.h"

namespace prometheus_rsocket::bench {

// CPU time of all threads that do it; whoever reads from the socket is not among them.
struct FloorParts {
  base::Duration private_operations{};
  base::Duration decompression{};
  base::Duration lines{};
  base::Duration copy{};
  base::Duration socket{};
};

class Floor {
 public:
  // With the texts of so many clients (client_text.h), shared out among `threads`: as many as the
  // proxy has, so that both share caches and pipelines with as much.
  Floor(std::size_t clients, std::size_t series, unsigned threads);
  ~Floor();
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;

  // One scrape's worth of CPU time, of the same threads.
  [[nodiscard]] base::Duration run();
  // The same, told apart; reading the clock between the parts takes a hundredth more.
  [[nodiscard]] FloorParts run_in_parts();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace prometheus_rsocket::bench
