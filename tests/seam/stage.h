// What the seam's conformance suite runs on: two processes, a server's and a client's, of two
// shards each, on either runtime. A case is written once against lib/runtime's interfaces and holds
// on real sockets (lib/net) and in simulated worlds of several seeds (sim/) alike; what it says of
// streams holds of encrypted ones over real sockets, too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "runtime/runtime.h"
#include "runtime/worker.h"

namespace prometheus_rsocket::seam {

class Stage {
 public:
  virtual ~Stage() = default;

  [[nodiscard]] virtual runtime::Process& server() = 0;
  [[nodiscard]] virtual runtime::Process& client() = 0;
  [[nodiscard]] virtual runtime::Worker& client_worker() = 0;
  [[nodiscard]] virtual boost::asio::ip::address server_address() const = 0;

  // One that answers a dial with nothing at all.
  [[nodiscard]] virtual runtime::Endpoint silent_endpoint() = 0;
  // Reaches the server's process, which has been asked for its signals() before.
  virtual void raise(runtime::Signal signal) = 0;
  // What the server's process has logged when `writes` has run.
  [[nodiscard]] virtual std::string log_of(const std::function<void()>& writes) = 0;

  // Ends the client's process and destroys what waits in it; not to be used from then on.
  virtual void end_client() = 0;

  // Runs handlers until `holds`; false when patience, or all there was to do, came to its end.
  [[nodiscard]] virtual bool run_until(const std::function<bool()>& holds) = 0;
};

// Which runtime, as the parameter of a test.
struct StageKind {
  std::optional<std::uint64_t> seed;  // nothing: the real one
  bool tls = false;                   // the streams of a connection are encrypted
};

[[nodiscard]] std::string to_string(const StageKind& kind);  // `net`, `sim_1`, `tls`
std::ostream& operator<<(std::ostream& out, const StageKind& kind);

[[nodiscard]] std::vector<StageKind> all_stages();  // without TLS
[[nodiscard]] std::unique_ptr<Stage> make_stage(const StageKind& kind);

// Two ends of one connection.
struct Ends {
  std::unique_ptr<runtime::Stream> client;
  std::unique_ptr<runtime::Stream> server;
};
// The same with TLS over it, by lib/net.
[[nodiscard]] Ends encrypt(Stage& stage, Ends ends);

[[nodiscard]] std::unique_ptr<Stage> make_net_stage();
[[nodiscard]] std::unique_ptr<Stage> make_sim_stage(std::uint64_t seed);

}  // namespace prometheus_rsocket::seam
