#include "sim/host.h"

#include <algorithm>

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

}  // namespace prometheus_rsocket::sim
