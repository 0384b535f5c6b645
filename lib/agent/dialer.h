// One dial: resolve, connect to each address in turn, the handshakes of TLS and of the transport,
// within one time.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "base/time.h"
#include "runtime/runtime.h"
#include "runtime/tls.h"
#include "transport/frame_channel.h"

namespace prometheus_rsocket::agent {

// Where a proxy is.
struct Target {
  std::string host;  // a name or an address literal
  std::uint16_t port = 0;
  transport::TransportKind transport = transport::TransportKind::kTcp;
  std::string path = "/";  // WebSocket's
  bool secure = false;     // over TLS; the certificate has to be for `host`

  friend bool operator==(const Target&, const Target&) = default;
};
// `tcp://proxy.example:7001`, `tls://…`, `ws://[2001:db8::1]:8081/`, `wss://…`
[[nodiscard]] std::string to_string(const Target& target);

// What only secure targets are told of us.
struct Credentials {
  // Null: secure targets cannot be dialled (operation_not_supported).
  std::shared_ptr<const runtime::TlsClient> tls;
  // A bearer token; empty: none. Over WebSocket it is in the upgrade's Authorization header; over
  // TCP whoever sends SETUP puts it there (transport/identity.h). REQUIRES: visible ASCII.
  std::string token;
};

enum class DialStage { kResolve, kConnect, kTls, kHandshake };
std::ostream& operator<<(std::ostream& out, DialStage stage);

struct DialResult {
  std::unique_ptr<transport::FrameChannel> channel;  // null: failed
  DialStage stage{};                                 // of the last address, when it failed
  runtime::error_code error;                         // timed_out when the time was up
};

// Dials from its construction on; its destruction withdraws the dial. One shard.
class Dialer {
 public:
  // `done` is called once, on the shard and not from here, unless the Dialer is gone by then; it
  // may destroy the Dialer. Each address gets an equal share of what is left of `time_max`, so that
  // one that answers nothing does not use up the others' time. `shard` outlives what runs on it.
  Dialer(runtime::Shard& shard, Target target, Credentials credentials, base::Duration time_max,
         std::function<void(DialResult)> done);
  ~Dialer();
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

 private:
  class Attempts;
  std::shared_ptr<Attempts> attempts_;  // shared with the operations under way
};

}  // namespace prometheus_rsocket::agent
