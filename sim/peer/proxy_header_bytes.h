// The first bytes of a connection that a load balancer made for a client: headers of the PROXY
// protocol, as it writes them.
#pragma once

#include <string>
#include <string_view>

#include "runtime/network.h"

namespace prometheus_rsocket::sim::peer {

// REQUIRES: both are IPv4, or both IPv6.
[[nodiscard]] std::string proxy_line(const runtime::Endpoint& source,
                                     const runtime::Endpoint& destination);  // version 1

// Version 2, by hand: any command and family with any block of addresses and TLVs behind them.
[[nodiscard]] std::string proxy_binary(unsigned version_and_command, unsigned family,
                                       std::string_view block);
// … and as for a TCP connection. REQUIRES: as above.
[[nodiscard]] std::string proxy_binary(const runtime::Endpoint& source,
                                       const runtime::Endpoint& destination,
                                       std::string_view tlvs = "");

}  // namespace prometheus_rsocket::sim::peer
