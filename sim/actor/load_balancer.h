// A load balancer for TCP before the proxies, as HAProxy in mode tcp: clients dial it, it dials a
// proxy for each, and hands bytes on in both directions, with half-close and back-pressure.
//
// It listens on both RSocket ports and dials the same port of a backend. A dial that fails goes to
// another backend; when all fail the client's connection is closed. A backend that failed gets
// nobody until its HTTP port answers a health check again. Connections that exist stay where they
// are whatever is set later. It notes nothing: what it forgets without a word, delays or corrupts
// is done to its host by the world.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/draw.h"
#include "sim/history/history.h"
#include "sim/world.h"

namespace prometheus_rsocket::sim::actor {

// The PROXY protocol on every connection; X-Forwarded-For behind the lines of WebSocket upgrades,
// as HAProxy's `option forwardfor` adds it.
struct AddressTelling {
  enum class Header : std::uint8_t { kNone, kLine, kBinary };  // versions 1 and 2
  Header header = Header::kNone;
  bool forwarded_for = false;
};

class LoadBalancer {
 public:
  enum class Choice : std::uint8_t {
    kLeastConnections,  // the first in turn among those that have the fewest
    kUneven,            // at random, each backend half as likely as the one before it
  };

  // Lives in a process of its own at `address`. The world outlives it.
  LoadBalancer(World& world, const Address& address, Choice choice);
  ~LoadBalancer();  // its process ends
  LoadBalancer(const LoadBalancer&) = delete;
  LoadBalancer& operator=(const LoadBalancer&) = delete;

  void add_backend(history::ProxyId proxy, const Address& address);  // known ones stay as they are
  void remove_backend(history::ProxyId proxy);
  // New connections all go there while it answers; nothing: as chosen.
  void prefer(std::optional<history::ProxyId> proxy);
  // New connections are accepted and closed at once.
  void set_accept_and_close(bool on);
  // What of each client's address it tells a backend. Before anybody connects.
  void tell_addresses(AddressTelling how) { telling_ = how; }
  // In place of its header it writes something that is none, or nothing.
  void set_broken_headers(bool on) { headers_are_broken_ = on; }
  [[nodiscard]] const AddressTelling& telling() const { return telling_; }

  [[nodiscard]] std::size_t connections(history::ProxyId proxy) const;  // to this backend, now
  [[nodiscard]] Process& process() const { return process_; }
  [[nodiscard]] const Address& address() const { return process_.host(); }
  [[nodiscard]] static history::Place place() { return {history::Place::Kind::kLoadBalancer, 0}; }

 private:
  class Door;
  class Relay;
  class HealthCheck;
  struct Backend {
    Address address;
    std::size_t connections = 0;
    std::uint64_t last_taken = 0;  // the number of the connection it got last
    bool removed = false;          // it goes when it has no connection any more
    // There is one as long as it is down.
    std::shared_ptr<HealthCheck> check = nullptr;
  };

  // Among those not tried yet; nothing: there is none.
  [[nodiscard]] std::optional<history::ProxyId> choose(const std::vector<history::ProxyId>& tried);
  void take(history::ProxyId proxy);
  void give_back(history::ProxyId proxy);
  void failed(history::ProxyId proxy);
  // The bytes before a connection's own; `client` is who made it, to `door`.
  [[nodiscard]] std::string header_for(const runtime::Endpoint& client,
                                       const runtime::Endpoint& door);

  World& world_;
  Process& process_;
  const Choice choice_;
  Draws draws_;
  std::map<history::ProxyId, Backend> backends_;
  std::uint64_t taken_ = 0;
  std::optional<history::ProxyId> preferred_;
  bool accept_and_close_ = false;
  AddressTelling telling_;
  bool headers_are_broken_ = false;
};

}  // namespace prometheus_rsocket::sim::actor
