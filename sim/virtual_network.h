// The hosts of a simulated world, the links between them, and what listens on them.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/network.h"
#include "sim/connection.h"
#include "sim/kernel.h"

namespace prometheus_rsocket::sim {

using Address = boost::asio::ip::address;

// A port that somebody listens on.
class Port {
 public:
  virtual ~Port() = default;
  [[nodiscard]] virtual const runtime::Endpoint& endpoint() const = 0;
  [[nodiscard]] virtual bool is_full() const = 0;
  virtual void offer(std::shared_ptr<Connection> connection) = 0;
};

struct Host {
  Address address;
  std::uint64_t entity = 0;
  bool lost = false;
  std::size_t processes = 0;  // ever
  std::uint16_t next_port = 32768;
  std::map<runtime::Endpoint, Port*> ports;
  std::map<runtime::Endpoint, std::uint64_t> dials;  // so many so far

  // Who listens at an address of ours; null: nobody.
  [[nodiscard]] Port* find(const runtime::Endpoint& at) const;
  // A port for an end of ours that nobody listens on.
  [[nodiscard]] std::uint16_t take_port();
  [[nodiscard]] bool owns(const Address& address_of_end) const;
};

class VirtualNetwork {
 public:
  explicit VirtualNetwork(Kernel& kernel) : kernel_(kernel) {}

  Host& host(const Address& address);  // made if there is none
  [[nodiscard]] Host* find_host(const Address& address);

  // --- Links
  void set_link(const Address& from, const Address& to, Link link);
  void cut(const Address& from, const Address& to) { cuts_.emplace(from, to); }
  void heal(const Address& from, const Address& to) { cuts_.erase({from, to}); }
  void resume();  // after heal() or a host's return: what was held goes on
  [[nodiscard]] bool passes(const Host& from, const Host& to) const;
  [[nodiscard]] base::Duration transit(const Host& from, const Host& to, Draws& draws) const;

  // --- Names
  void set_name(const std::string& name, std::vector<Address> addresses);
  [[nodiscard]] std::vector<Address> find_name(const std::string& name) const;

  // --- Connections
  [[nodiscard]] std::uint64_t add(Connection& connection);  // its number
  void remove(std::uint64_t number) { connections_.erase(number); }
  [[nodiscard]] std::size_t open_connections() const;
  // To whoever listens at its acceptor's endpoint; false: nobody.
  [[nodiscard]] bool offer(std::shared_ptr<Connection> connection);

 private:
  Kernel& kernel_;
  std::map<Address, Host> hosts_;
  std::map<std::pair<Address, Address>, Link> links_;
  std::set<std::pair<Address, Address>> cuts_;
  std::map<std::string, std::vector<Address>> names_{
      {"localhost", {boost::asio::ip::address_v4::loopback()}}};
  std::map<std::uint64_t, Connection*> connections_;  // in the order of their making
  std::uint64_t made_ = 0;
};

// The seam's Network and Resolver of a shard.
[[nodiscard]] std::unique_ptr<runtime::Network> make_network(TaskQueue& shard);
[[nodiscard]] std::unique_ptr<runtime::Resolver> make_resolver(TaskQueue& shard);

}  // namespace prometheus_rsocket::sim
