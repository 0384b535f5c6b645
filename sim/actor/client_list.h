// Reads what a proxy lists of its clients: /sd and /api/v1/clients.
//
// Strict: whatever is not as design.md ("Identity and discovery") has it is trouble.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/network.h"
#include "sim/history/history.h"

namespace prometheus_rsocket::sim::actor {

// Who lives at an address; nothing: nobody.
using Residents =
    std::function<std::optional<history::Place>(const boost::asio::ip::address& address)>;

struct ClientList {
  std::vector<history::Listed> clients;  // in the order of the list
  std::vector<std::string> ids;          // of each, as it stands in paths
  bool has_pushes = false;
  std::string trouble;  // the first thing wrong; or empty: then nothing else is to be believed
};

// `proxy`: where targets have to lead, as `10.0.0.1:8080`.
[[nodiscard]] ClientList read_targets(std::string_view json, std::string_view proxy,
                                      const Residents& residents);
[[nodiscard]] ClientList read_table(std::string_view json, const Residents& residents);

}  // namespace prometheus_rsocket::sim::actor
