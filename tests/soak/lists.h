// What the proxy's lists of clients, /sd and /api/v1/clients, say of the soak's clients.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace prometheus_rsocket::soak {

struct List {
  std::map<std::string, std::size_t> instances;  // how often each is there
  std::string fault;                             // empty: it is such a list

  friend bool operator==(const List&, const List&) = default;
};

// An array of {"targets":…,"labels":{"instance":…}}.
[[nodiscard]] List read_targets(std::string_view json);
// {"status":"success","data":[{"id":…,"instance":…}]}; who has no name is listed by its id.
[[nodiscard]] List read_clients(std::string_view json);

}  // namespace prometheus_rsocket::soak
