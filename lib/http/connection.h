// One HTTP connection, from accept to end. Internal to lib/http.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "http/exchange.h"
#include "http/gzip.h"
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

// `ended` is called once, unless detached, and may drop the connection.
[[nodiscard]] std::shared_ptr<Connection> make_connection(runtime::Shard& shard,
                                                          std::unique_ptr<runtime::Stream> stream,
                                                          RequestHandler& handler, GzipEffort gzip,
                                                          std::function<void()> ended);

}  // namespace prometheus_rsocket::http
