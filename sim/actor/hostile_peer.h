// A peer that plays one attack (attack.h) from a host of its own and is gone afterwards. It notes
// nothing; nobody may be the worse for it.
#pragma once

#include <memory>

#include "sim/actor/attack.h"
#include "sim/history/history.h"
#include "sim/world.h"

namespace prometheus_rsocket::sim::actor {

class HostilePeer {
 public:
  // Dials `target`, a proxy or the load balancer, at once. `number`: of its place. The world
  // outlives it, and so does the attack.
  HostilePeer(World& world, std::uint32_t number, const Address& host, const Address& target,
              const Attack& attack);
  ~HostilePeer();  // its process ends
  HostilePeer(const HostilePeer&) = delete;
  HostilePeer& operator=(const HostilePeer&) = delete;

  [[nodiscard]] bool alive() const { return process_ != nullptr; }  // until it is done
  [[nodiscard]] Process* process() const { return process_; }       // null unless alive()
  [[nodiscard]] history::Place place() const { return {history::Place::Kind::kHostile, number_}; }
  [[nodiscard]] unsigned questions() const { return questions_; }  // scrapes that it was asked in

 private:
  class Script;
  void leave();

  World& world_;
  const std::uint32_t number_;
  unsigned questions_ = 0;
  Process* process_ = nullptr;
};

}  // namespace prometheus_rsocket::sim::actor
