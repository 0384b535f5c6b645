// Whose a WebSocket is, by the X-Forwarded-For of its upgrade request: every proxy on the way adds
// at the right the address that dialled it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/network.h"
#include "server/address_range.h"

namespace prometheus_rsocket::server {

// The rightmost address of `list` that is not trusted: what is left of it was written by whoever
// has that address, and may be made up. Nothing where all are trusted, or where something that is
// no address comes first: the peer's own address stands then. `1.2.3.4:5678`, `2001:db8::1` and
// `[2001:db8::1]:443` are addresses; where no port is given it is 0.
// REQUIRES: the peer that sent the list is trusted.
[[nodiscard]] std::optional<runtime::Endpoint> forwarded_client(
    std::string_view list, std::span<const AddressRange> trusted);

// A client's address for the log: `192.0.2.1:4711`, and `192.0.2.1` where the port is 0.
[[nodiscard]] std::string client_text(const runtime::Endpoint& client);

}  // namespace prometheus_rsocket::server
