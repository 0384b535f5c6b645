// One HTTP connection, from accept to end. Internal to lib/http.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "http/encoder.h"
#include "http/exchange.h"
#include "runtime/runtime.h"

namespace prometheus_rsocket::http {

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void start() = 0;
  // Ends now when idle, else after the answer under way.
  virtual void finish() = 0;
  // Since when it waits for a request, if it does.
  [[nodiscard]] virtual std::optional<base::Instant> idle_since() const = 0;
  // Ends at once, and calls nobody any more.
  virtual void detach() = 0;
};

// `ended` is called once, unless detached, and may drop the connection. All that is referred to
// outlives it, the encoders until it is detached.
[[nodiscard]] std::shared_ptr<Connection> make_connection(runtime::Shard& shard,
                                                          std::unique_ptr<runtime::Stream> stream,
                                                          RequestHandler& handler,
                                                          const Encoders& encoders,
                                                          std::function<void()> ended);

}  // namespace prometheus_rsocket::http
