// An application that links our client: lib/agent as it is in production.
//
// Notes all that history.h has under "Applications". The proxy is told its name: job `sim`, the
// instance and the incarnation.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "agent/agent.h"
#include "sim/actor/application.h"

namespace prometheus_rsocket::sim::actor {

inline constexpr std::string_view kJob = "sim";

struct OurClientConfig {
  history::InstanceId instance;
  // Proxies are told another's name, with an incarnation of its own: it is an impostor.
  std::optional<history::InstanceId> claims = {};
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
  // That it tells proxies.
  [[nodiscard]] history::InstanceId name() const {
    return config_.claims.value_or(config_.instance);
  }
  [[nodiscard]] bool has_key() const;  // so that a push would be sent

 private:
  class AgentLife;
  Life& make_life(Process& process) override;

  OurClientConfig config_;
  AgentLife* agent_life_ = nullptr;  // of the latest life; ended unless alive()
};

}  // namespace prometheus_rsocket::sim::actor
