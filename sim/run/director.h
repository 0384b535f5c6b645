// Does in a world what a scenario says: each command at its moment, each fault from its moment to
// its end.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "sim/history/recorder.h"
#include "sim/run/stage.h"
#include "sim/scenario/scenario.h"
#include "sim/world.h"

namespace prometheus_rsocket::sim::run {

class Director {
 public:
  // What is referred to outlives it.
  Director(World& world, history::Recorder& recorder, Stage& stage,
           const scenario::Scenario& scenario);

  // Something more to do while the scenario plays.
  void at(base::Instant moment, std::function<void()> what) {
    agenda_.emplace(moment, std::move(what));
  }

  // Runs the world through the scenario's duration, counted from now.
  void play();
  // Ends whatever is broken, paused or hung, and sees to it that there is a proxy.
  void heal();

 private:
  // What is to be done, by moment and by order.
  using Agenda = std::multimap<base::Instant, std::function<void()>>;

  void run_until(base::Instant end);

  void command(const scenario::Command& command);
  void command_proxy(const scenario::Command& command);
  void kill_writing(actor::ProxyHost& proxy, const scenario::Command& command);
  void extra_scrapes(const scenario::Command& command);
  void restart_client(std::uint32_t number, base::Duration away);
  void hang_client(std::uint32_t number, base::Duration length);
  void garble_client(std::uint32_t number, base::Duration length);
  void impersonate(const scenario::Command& command);
  void pause(Process* process, const history::Place& place, base::Duration length);

  // What ends a fault that has begun.
  using End = std::function<void()>;
  void fault(const scenario::Fault& fault);
  [[nodiscard]] End break_link(const scenario::Fault& fault, const Stage::Spot& a,
                               const Stage::Spot& b);
  [[nodiscard]] End break_host(const scenario::Fault& fault, const Stage::Spot& a);
  [[nodiscard]] End break_disks(const scenario::Fault& fault, std::vector<history::Place>& places);
  [[nodiscard]] static End break_disk(const scenario::Fault& fault, VirtualDisk* disk);
  [[nodiscard]] End break_balancer(const scenario::Fault& fault);
  [[nodiscard]] history::FaultId begin_fault(std::string what, std::vector<history::Place> places,
                                             history::FaultEffect effect);
  void end_fault(history::FaultId id);

  World& world_;
  history::Recorder& recorder_;
  Stage& stage_;
  const scenario::Scenario& scenario_;
  Agenda agenda_;
};

}  // namespace prometheus_rsocket::sim::run
