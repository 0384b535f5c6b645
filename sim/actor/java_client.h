// An application that links Micrometer's Java client 1.5.3: a model of its habits, those of one of
// three versions of rsocket-java included (java_connection.h; wire-protocol.md, section 1).
//
//   - A connection that was established and then ended is redialled at once, without any backoff;
//     failed dials alone are backed off (Reactor's: within [first, max], half of it as jitter).
//   - It uses the latest key it was given, also one of an earlier connection; a request for
//     `plaintext` makes it forget it. Without a key nothing is pushed.
//   - pushAndClose (kFireAndForget) closes before its frame is flushed every other time: the push
//     is lost (measured with 1.1.3 over TCP). pushAndCloseBlockingly (kAcknowledged) waits 5 s for
//     any answer.
//
// Notes all that history.h has under "Applications". It has no name on the wire.
#pragma once

#include "agent/dialer.h"
#include "sim/actor/application.h"

namespace prometheus_rsocket::sim::actor {

struct JavaClientConfig {
  history::InstanceId instance;
  Address host;
  history::ClientKind kind = history::ClientKind::kJava113;  // not kOurs
  agent::Target target;
  std::uint32_t parts_max = 20;  // lines of a text (sampler.h)
  base::Duration first_backoff = std::chrono::seconds(10);
  base::Duration max_backoff = std::chrono::minutes(10);
};

class JavaClient final : public Application {
 public:
  // Does not live yet: start().
  JavaClient(World& world, history::Recorder& recorder, JavaClientConfig config);

  [[nodiscard]] bool connected() const;
  [[nodiscard]] bool has_key() const;
  // It has a connection on which it says nothing more.
  [[nodiscard]] bool mute() const;

 private:
  class JavaLife;
  Life& make_life(Process& process) override;

  JavaClientConfig config_;
  JavaLife* java_life_ = nullptr;  // of the latest life; ended unless alive()
};

}  // namespace prometheus_rsocket::sim::actor
