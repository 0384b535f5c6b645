#include "sim/virtual_network.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace prometheus_rsocket::sim {

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

// --- Names

void VirtualNetwork::set_name(const std::string& name, std::vector<Address> addresses) {
  names_.insert_or_assign(name, std::move(addresses));
}

std::vector<Address> VirtualNetwork::find_name(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? std::vector<Address>() : found->second;
}

// --- Faults

void VirtualNetwork::resume() {
  for (const auto& connection : all()) connection->resume();
}

void VirtualNetwork::unclog(Host& host) {
  host.faults.is_clogged = false;
  for (const auto& go_on : std::exchange(host.clogged, {})) go_on();
  resume();
}

void VirtualNetwork::limit_bandwidth(Host& host, std::uint64_t bytes_per_second) {
  CHECK(bytes_per_second == 0 || bytes_per_second >= kBandwidthMin, "a bandwidth that moves");
  host.faults.bandwidth = bytes_per_second;
  for (const auto& connection : at(host)) connection->pace_anew();
}

void VirtualNetwork::reset_connections(const Host& host) {
  for (const auto& connection : at(host)) connection->break_off();
}

void VirtualNetwork::forget_connections(const Host& host) {
  for (const auto& connection : at(host)) {
    connection->forget(&connection->host(kDialler) == &host ? kDialler : kAcceptor);
  }
}

void VirtualNetwork::mend() {
  links_.mend();
  for (auto& [address, host] : hosts_) {
    const HostFaults were = std::exchange(host.faults, {});
    if (were.is_clogged) unclog(host);
    if (were.bandwidth > 0) limit_bandwidth(host, 0);
  }
  resume();
}

// --- Connections

std::vector<std::shared_ptr<Connection>> VirtualNetwork::all() const {
  std::vector<std::shared_ptr<Connection>> found;
  found.reserve(connections_.size());
  for (const auto& [number, connection] : connections_) {
    found.push_back(connection->shared_from_this());
  }
  return found;
}

std::vector<std::shared_ptr<Connection>> VirtualNetwork::at(const Host& host) const {
  auto found = all();
  std::erase_if(found, [&](const auto& connection) {
    const Host* dialler = &connection->host(kDialler);
    const Host* acceptor = &connection->host(kAcceptor);
    return dialler == acceptor || (dialler != &host && acceptor != &host);
  });
  return found;
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
  if (arrived_) arrived_(connection->endpoint(kAcceptor), connection->endpoint(kDialler));
  port->offer(std::move(connection));
  return true;
}

}  // namespace prometheus_rsocket::sim
