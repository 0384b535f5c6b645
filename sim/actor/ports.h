// The doors of a proxy and of the load balancer before it: the same in every world.
#pragma once

#include <cstdint>

namespace prometheus_rsocket::sim::actor {

// wire-protocol.md, section 1.
inline constexpr std::uint16_t kTcpPort = 7001;
inline constexpr std::uint16_t kWebSocketPort = 8081;
inline constexpr std::uint16_t kWebPort = 8080;

}  // namespace prometheus_rsocket::sim::actor
