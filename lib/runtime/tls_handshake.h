// A TLS handshake of the server's side with a deadline, as an object: gone with it.
#pragma once

#include <functional>
#include <memory>

#include "base/time.h"
#include "runtime/runtime.h"
#include "runtime/tls.h"

namespace prometheus_rsocket::runtime {

class TlsHandshake {
 public:
  // The encrypted stream and who is at its other end; or an error, timed_out at the deadline.
  using Done = std::function<void(error_code, std::unique_ptr<Stream>, TlsPeer)>;

  struct Times {
    base::Instant deadline;  // ends everything, the wait below too
    base::Duration hold{};   // TlsServer::async_handshake()
  };

  // Begins it. `done` is called once, on the shard, and may destroy this.
  TlsHandshake(Shard& shard, std::shared_ptr<const TlsServer> tls, std::unique_ptr<Stream> stream,
               const Times& times, Done done);
  ~TlsHandshake();  // breaks off what is under way: `done` is not called any more
  TlsHandshake(const TlsHandshake&) = delete;
  TlsHandshake& operator=(const TlsHandshake&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the operation under way
};

}  // namespace prometheus_rsocket::runtime
