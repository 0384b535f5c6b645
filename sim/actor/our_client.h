// An application that links our client: lib/agent as it is in production.
//
// Notes all that history.h has under "Applications". The proxy is told its name: job `sim`, the
// instance and the incarnation.
#pragma once

#include <vector>

#include "agent/agent.h"
#include "sim/actor/application.h"

namespace prometheus_rsocket::sim::actor {

struct OurClientConfig {
  history::InstanceId instance;
  Address host;
  std::vector<agent::Target> targets;
  agent::RetryConfig retry;
  std::uint32_t parts_max = 20;  // lines of a text (sampler.h)
};

class OurClient final : public Application {
 public:
  // Does not live yet: start().
  OurClient(World& world, history::Recorder& recorder, OurClientConfig config);

  [[nodiscard]] bool connected() const;
  [[nodiscard]] bool has_key() const;  // so that a push would be sent

 private:
  class AgentLife;
  Life& make_life(Process& process) override;

  OurClientConfig config_;
  AgentLife* agent_life_ = nullptr;  // of the latest life; ended unless alive()
};

}  // namespace prometheus_rsocket::sim::actor
