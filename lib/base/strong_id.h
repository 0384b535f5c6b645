// Identifiers that do not mix: `using StreamId = StrongId<struct StreamIdTag, std::uint32_t>`.
#pragma once

#include <compare>
#include <ostream>

namespace prometheus_rsocket::base {

template <class Tag, class Representation>
struct StrongId {
  Representation value{};

  friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;
  friend std::ostream& operator<<(std::ostream& out, StrongId id) { return out << id.value; }
};

}  // namespace prometheus_rsocket::base
