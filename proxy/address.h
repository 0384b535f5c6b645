// Addresses to listen on, as people write them: `:8080`, `127.0.0.1:8080`, `[::1]:8080`,
// `proxy.example:8080`.
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>

#include "runtime/network.h"

namespace prometheus_rsocket::proxy {

// Without a host: all addresses of the machine, IPv6 and IPv4. A name is looked up, and waited for.
// Otherwise: why not, in a few words.
[[nodiscard]] boost::system::result<runtime::Endpoint, std::string> resolve(std::string_view text);

}  // namespace prometheus_rsocket::proxy
