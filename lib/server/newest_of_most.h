// Who is refused where too many wait: so that whoever comes with many keeps nobody else out.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace prometheus_rsocket::server {

// Of those that wait, the first of them having waited the longest: the newest of whoever has the
// most there. `who_of`: whose each is. REQUIRES: some wait.
template <class List, class WhoOf>
[[nodiscard]] auto newest_of_most(List& waiting, WhoOf who_of) {
  std::map<std::string, std::size_t> counts;
  for (const auto& each : waiting) ++counts[who_of(each)];
  auto newest = waiting.begin();
  for (auto it = waiting.begin(); it != waiting.end(); ++it) {
    if (counts[who_of(*it)] >= counts[who_of(*newest)]) newest = it;
  }
  return newest;
}

}  // namespace prometheus_rsocket::server
