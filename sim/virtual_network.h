// The virtual network of a simulated world: its hosts, the links between them, names, and all
// connections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/network.h"
#include "sim/connection.h"
#include "sim/host.h"
#include "sim/kernel.h"
#include "sim/links.h"

namespace prometheus_rsocket::sim {

class VirtualNetwork {
 public:
  // (listening endpoint, from where), as World::on_connection() says.
  using Arrived = std::function<void(const runtime::Endpoint&, const runtime::Endpoint&)>;

  explicit VirtualNetwork(Kernel& kernel) : kernel_(kernel), links_(kernel) {}

  Host& host(const Address& address);  // made if there is none, and nobody lives there
  [[nodiscard]] Host* find_host(const Address& address);
  [[nodiscard]] Links& links() { return links_; }
  [[nodiscard]] const Links& links() const { return links_; }

  // --- Names
  void set_name(const std::string& name, std::vector<Address> addresses);
  [[nodiscard]] std::vector<Address> find_name(const std::string& name) const;

  // --- Faults (World explains them)
  void resume();  // an obstacle is gone: what it held goes on
  void unclog(Host& host);
  void limit_bandwidth(Host& host, std::uint64_t bytes_per_second);
  void reset_connections(const Host& host);
  void forget_connections(const Host& host);
  void mend();

  // --- Connections
  [[nodiscard]] std::uint64_t add(Connection& connection);  // its number
  void remove(std::uint64_t number) { connections_.erase(number); }
  [[nodiscard]] std::size_t open_connections() const;
  // To whoever listens at its acceptor's endpoint; false: nobody.
  [[nodiscard]] bool offer(std::shared_ptr<Connection> connection);
  void on_connection(Arrived arrived) { arrived_ = std::move(arrived); }

 private:
  [[nodiscard]] std::vector<std::shared_ptr<Connection>> all() const;  // kept while it is walked
  [[nodiscard]] std::vector<std::shared_ptr<Connection>> at(const Host& host) const;

  Kernel& kernel_;
  Links links_;
  std::map<Address, Host> hosts_;
  std::map<std::string, std::vector<Address>> names_{
      {"localhost", {boost::asio::ip::address_v4::loopback()}}};
  std::map<std::uint64_t, Connection*> connections_;  // in the order of their making
  std::uint64_t made_ = 0;
  Arrived arrived_;
};

// The seam's Network and Resolver of a shard.
[[nodiscard]] std::unique_ptr<runtime::Network> make_network(TaskQueue& shard);
[[nodiscard]] std::unique_ptr<runtime::Resolver> make_resolver(TaskQueue& shard);

}  // namespace prometheus_rsocket::sim
