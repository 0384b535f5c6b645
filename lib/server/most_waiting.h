// Who is refused where too many wait: so that whoever comes with many keeps nobody else out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <string>
#include <utility>

namespace prometheus_rsocket::server {

// How many of those that wait are of the same as each. `who_of`: whose each is.
template <class List, class WhoOf>
[[nodiscard]] auto counter_of_same(const List& waiting, WhoOf who_of) {
  std::map<std::string, std::size_t> counts;
  for (const auto& each : waiting) ++counts[who_of(each)];
  return [counts = std::move(counts), who_of](const auto& each) { return counts.at(who_of(each)); };
}

// Of those that wait, the first of them having waited the longest: the newest of whoever has the
// most there. REQUIRES: some wait.
template <class List, class WhoOf>
[[nodiscard]] auto newest_of_most(List& waiting, WhoOf who_of) {
  const auto count = counter_of_same(waiting, who_of);
  const auto behind = std::max_element(
      waiting.rbegin(), waiting.rend(),
      [&](const auto& one, const auto& other) { return count(one) < count(other); });
  return std::prev(behind.base());
}

}  // namespace prometheus_rsocket::server
