#include "growth.h"

#include <algorithm>
#include <vector>

#include "base/check.h"

namespace prometheus_rsocket::soak {
namespace {

constexpr std::size_t kParts = 5;

std::uint64_t median(std::span<const std::uint64_t> values) {
  std::vector<std::uint64_t> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  return sorted[sorted.size() / 2];
}

}  // namespace

Growth growth_of(std::span<const std::uint64_t> values) {
  const std::size_t part = values.size() / kParts;
  CHECK(part > 0, "a value in each part");
  return {.early = median(values.subspan(part, part)), .late = median(values.last(part))};
}

bool is_flat(const Growth& growth, unsigned percent, std::uint64_t slack) {
  return growth.late <= growth.early + growth.early * percent / 100 + slack;
}

}  // namespace prometheus_rsocket::soak
