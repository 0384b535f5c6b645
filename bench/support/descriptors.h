// How many descriptors this process may have, and so how many connections it can hold.
#pragma once

#include <cstdint>

namespace prometheus_rsocket::bench {

// Raises the soft limit to the hard one, as the proxy does; the limit that holds from then on.
// Children inherit it.
[[nodiscard]] std::uint64_t raise_descriptor_limit();

}  // namespace prometheus_rsocket::bench
