// Who is there in a run, and where: proxies, applications, Prometheis and the load balancer of a
// scenario, each on a host of its own, and the names that lead to them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/actor/application.h"
#include "sim/actor/hostile_peer.h"
#include "sim/actor/load_balancer.h"
#include "sim/actor/prometheus.h"
#include "sim/actor/proxy_host.h"
#include "sim/history/recorder.h"
#include "sim/scenario/scenario.h"
#include "sim/world.h"

namespace prometheus_rsocket::sim::run {

// What names resolve to.
enum class Names : std::uint8_t { kTrue, kEmpty, kStale };

class Stage {
 public:
  // Everyone of the setup, not yet started. World and recorder outlive it.
  Stage(World& world, history::Recorder& recorder, const scenario::Setup& setup);

  void start_proxies();
  void start_clients();

  // --- By number, modulo how many there are.
  [[nodiscard]] actor::ProxyHost& proxy(std::uint32_t number);
  [[nodiscard]] actor::Application* client(std::uint32_t number);  // null: there is none
  // A Prometheus' scraping of one proxy.
  [[nodiscard]] actor::Prometheus& prometheus(std::uint32_t number);
  [[nodiscard]] actor::LoadBalancer* balancer() { return balancer_.get(); }  // may be null

  [[nodiscard]] const std::vector<std::unique_ptr<actor::ProxyHost>>& proxies() const {
    return proxies_;
  }
  [[nodiscard]] const std::vector<std::unique_ptr<actor::Application>>& clients() const {
    return clients_;
  }

  // Clients first, then proxies, Prometheis and the load balancer.
  struct Spot {
    history::Place place;
    Address host;
    Process* process = nullptr;  // that lives there now; null: none
  };
  [[nodiscard]] Spot spot(std::uint32_t number);

  void add_client();                         // another of ours, started
  void start_a_proxy(std::uint32_t number);  // one that has ended, else one more
  void attack(std::uint64_t number, std::uint32_t proxy);
  void scrape_once(std::uint32_t proxy);  // by a stranger
  void set_names(Names names);
  void update_names();  // after a proxy came or went

  // --- The end
  void stop_scrapers();
  void close_clients();
  void read_metrics();
  void note_resources(std::uint64_t heap_bytes);

 private:
  void add_proxy();
  void add_client(history::ClientKind kind);
  void add_scraping(history::ScraperId scraper, const actor::ProxyHost& proxy);

  World& world_;
  history::Recorder& recorder_;
  const scenario::Setup& setup_;
  Names names_ = Names::kTrue;
  std::unique_ptr<actor::LoadBalancer> balancer_;
  std::vector<std::unique_ptr<actor::ProxyHost>> proxies_;
  std::vector<std::unique_ptr<actor::Application>> clients_;
  std::vector<Process*> scraper_processes_;
  std::vector<actor::Prometheus*> scrapings_;  // owned by their processes
  std::vector<std::unique_ptr<actor::HostilePeer>> attackers_;
  Process* strangers_ = nullptr;
  std::uint64_t strange_scrapes_ = 0;
};

}  // namespace prometheus_rsocket::sim::run
