// One HTTP connection, from accept to end. Internal to lib/http.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/encoder.h"
#include "http/exchange.h"
#include "runtime/runtime.h"

namespace prometheus_rsocket::http {

struct Settings;  // server.h

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void start() = 0;
  // Ends after the answer under way, and once its peer has told by a FIN that what it was answered
  // has arrived. When idle and nobody wants to know that, or the peer does not tell: now, or soon.
  virtual void finish() = 0;
  // The same, and a request that has not come whole is not answered.
  virtual void renew() = 0;
  // Since when it waits for its peer, if it does: for a request, for the rest of one, for the peer
  // to take more of an answer, or for the peer's end.
  [[nodiscard]] virtual std::optional<base::Instant> waits_since() const = 0;
  // Ends now, as one that has waited for too long. REQUIRES: it waits.
  virtual void time_out() = 0;
  // Ends at once, and calls nobody any more.
  virtual void detach() = 0;
};

// `ended` is called once, unless detached, and may drop the connection. All that is referred to
// outlives it, settings and encoders until it is detached. `peer_names`: of a verified certificate.
[[nodiscard]] std::shared_ptr<Connection> make_connection(
    runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream,
    std::vector<runtime::TlsName> peer_names, RequestHandler& handler, const Settings& settings,
    const Encoders& encoders, std::function<void()> ended);

}  // namespace prometheus_rsocket::http
