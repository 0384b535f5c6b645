// Who is there in a run, and where: proxies, applications, Prometheis and the load balancer of a
// scenario, each on a host of its own, and the names that lead to them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/actor/application.h"
#include "sim/actor/discoverer.h"
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

  struct Spot {
    history::Place place;
    Address host;
    Process* process = nullptr;  // that lives there now; null: none
  };
  // Lets something happen at that very moment, as an event of the world.
  void at(base::Instant moment, std::function<void()> what);
  // Odd numbers: clients, 1 the first. Even ones: the load balancer, Prometheis, proxies; so that
  // the few are met as often as the many.
  [[nodiscard]] Spot spot(std::uint32_t number);
  // Someone with whom that place exchanges anything: a cut between two clients would touch nobody.
  [[nodiscard]] Spot partner(const Spot& of, std::uint32_t number);
  // Somebody whom clients dial: even numbers the load balancer, odd ones a proxy.
  [[nodiscard]] Spot listener(std::uint32_t number);

  void add_client();                         // another of ours, started
  void start_a_proxy(std::uint32_t number);  // one that has ended, else one more
  // Another process of ours, started, which claims that client's name; null where it has none.
  actor::Application* impersonate(std::uint32_t client);
  void attack(std::uint64_t number, std::uint32_t proxy);
  // Odd numbers come straight to the proxy.
  void forge(std::uint64_t number, std::uint32_t proxy);
  // So many strangers connect where clients do, at once, and say nothing.
  void flood(std::uint64_t strangers, std::uint32_t proxy);
  // So many strangers scrape at once, each with this timeout.
  void scrape_once(std::uint32_t proxy, std::uint64_t strangers, base::Duration timeout);
  void set_names(Names names);
  void update_names();  // after a proxy came or went, and was seen to

  // --- The end
  void stop_scrapers();
  void stop_balancer();  // it may check the health of who is lost for ever
  void close_clients();
  void read_metrics();
  void note_resources(std::uint64_t heap_bytes);

 private:
  void add_proxy();
  void add_client(history::ClientKind kind, std::optional<history::InstanceId> claims = {});
  void tell_addresses(server::Config& server) const;
  void add_attacker(const Address& target, const actor::Attack& attack);
  [[nodiscard]] Spot spot_of(const actor::Application& client) const;
  [[nodiscard]] Spot spot_of(const actor::ProxyHost& proxy) const;
  [[nodiscard]] Spot scraper_spot(std::uint32_t number) const;
  [[nodiscard]] Spot balancer_spot() const;  // REQUIRES: there is one
  // Where clients and attackers connect: the load balancer, else this proxy.
  [[nodiscard]] Address entrance(std::uint32_t proxy_number);
  void add_scraping(history::ScraperId scraper, const actor::ProxyHost& proxy);
  void add_discoverer(history::ScraperId scraper, const actor::ProxyHost& proxy);
  [[nodiscard]] actor::ScraperConfig scraper_of(history::ScraperId scraper,
                                                const actor::ProxyHost& proxy) const;
  // Of those that are not strangers, in the order of scraper_processes_.
  [[nodiscard]] history::ScraperId scraper_id(std::uint32_t index) const;
  [[nodiscard]] std::optional<history::Place> resident(const Address& address) const;

  World& world_;
  history::Recorder& recorder_;
  const scenario::Setup& setup_;
  Names names_ = Names::kTrue;
  std::unique_ptr<actor::LoadBalancer> balancer_;
  std::vector<std::unique_ptr<actor::ProxyHost>> proxies_;
  std::vector<std::unique_ptr<actor::Application>> clients_;
  std::vector<Process*> scraper_processes_;
  std::vector<actor::Prometheus*> scrapings_;     // owned by their processes
  std::vector<actor::Discoverer*> discoverings_;  // likewise
  std::map<Address, history::Place> residents_;   // of all hosts
  std::vector<std::unique_ptr<actor::HostilePeer>> attackers_;
  Process* strangers_ = nullptr;
  std::uint64_t strange_scrapes_ = 0;
};

}  // namespace prometheus_rsocket::sim::run
