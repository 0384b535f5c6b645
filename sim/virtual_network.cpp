#include "sim/virtual_network.h"

#include <algorithm>
#include <utility>

namespace prometheus_rsocket::sim {

using runtime::Endpoint;

bool Host::owns(const Address& address_of_end) const {
  return address_of_end == address || address_of_end.is_loopback() ||
         address_of_end.is_unspecified();
}

Port* Host::find(const Endpoint& at) const {
  if (const auto exact = ports.find(at); exact != ports.end()) return exact->second;
  // `::` takes IPv4 too (net/network.h).
  for (const auto& [endpoint, port] : ports) {
    const bool is_any =
        endpoint.address.is_unspecified() && (endpoint.address.is_v6() || at.address.is_v4());
    if (is_any && endpoint.port == at.port) return port;
  }
  return nullptr;
}

std::uint16_t Host::take_port() {
  const auto is_taken = [this](std::uint16_t port) {
    return std::ranges::any_of(ports, [port](const auto& one) { return one.first.port == port; });
  };
  do {
    next_port = next_port == 60999 ? 32768 : static_cast<std::uint16_t>(next_port + 1);
  } while (is_taken(next_port));
  return next_port;
}

Host& VirtualNetwork::host(const Address& address) {
  auto [at, is_new] = hosts_.try_emplace(address);
  if (is_new) {
    at->second.address = address;
    at->second.entity = hash_of(address.to_string());
  }
  return at->second;
}

Host* VirtualNetwork::find_host(const Address& address) {
  const auto found = hosts_.find(address);
  return found == hosts_.end() ? nullptr : &found->second;
}

void VirtualNetwork::set_link(const Address& from, const Address& to, Link link) {
  links_.insert_or_assign({from, to}, link);
}

void VirtualNetwork::resume() {
  const auto all = connections_;  // resuming one may end another
  for (const auto& [number, connection] : all) {
    if (connections_.contains(number)) connection->resume();
  }
}

bool VirtualNetwork::passes(const Host& from, const Host& to) const {
  return !from.lost && !to.lost && (cuts_.empty() || !cuts_.contains({from.address, to.address}));
}

base::Duration VirtualNetwork::transit(const Host& from, const Host& to, Draws& draws) const {
  const Link* link = &from == &to ? &kernel_.config.loopback : &kernel_.config.link;
  if (!links_.empty()) {
    const auto special = links_.find({from.address, to.address});
    if (special != links_.end()) link = &special->second;
  }
  return link->latency + draws.up_to(link->jitter);
}

void VirtualNetwork::set_name(const std::string& name, std::vector<Address> addresses) {
  names_.insert_or_assign(name, std::move(addresses));
}

std::vector<Address> VirtualNetwork::find_name(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? std::vector<Address>() : found->second;
}

std::uint64_t VirtualNetwork::add(Connection& connection) {
  connections_.emplace(++made_, &connection);
  return made_;
}

std::size_t VirtualNetwork::open_connections() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(connections_, [](const auto& one) { return one.second->is_open(); }));
}

bool VirtualNetwork::offer(std::shared_ptr<Connection> connection) {
  Port* port = connection->host(kAcceptor).find(connection->endpoint(kAcceptor));
  if (port == nullptr) return false;
  kernel_.count(Happening::kConnected);
  port->offer(std::move(connection));
  return true;
}

}  // namespace prometheus_rsocket::sim
