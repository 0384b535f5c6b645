#include "server/admission.h"

#include <algorithm>

#include "base/check.h"
#include "runtime/address.h"

namespace prometheus_rsocket::server {

using boost::asio::ip::address;

bool Admission::is_crowded(const address& network) const {
  if (config_.connections_per_address_max == 0) return false;
  const auto found = served_by_network_.find(network);
  return found != served_by_network_.end() && found->second >= config_.connections_per_address_max;
}

Slot Admission::admit(std::size_t shard, const std::optional<address>& of) {
  Slot slot{Admitted::kServed, shard, {}};
  if (of) slot.network = runtime::network_of(*of);
  if (served_ >= config_.connections_max) {
    slot.as = Admitted::kHeldForAll;
  } else if (slot.network && is_crowded(*slot.network)) {
    slot.as = Admitted::kHeldForAddress;
  }
  if (slot.as == Admitted::kServed) {
    ++served_;
    ++served_by_shard_.at(shard);
    if (slot.network) ++served_by_network_[*slot.network];
  } else {
    ++held_;
  }
  return slot;
}

Slot Admission::identify(const Slot& slot, const address& of) {
  CHECK(slot.as == Admitted::kServed && !slot.network, "a client is identified once");
  const address network = runtime::network_of(of);
  if (!is_crowded(network)) {
    ++served_by_network_[network];
    return {Admitted::kServed, slot.shard, network};
  }
  stop_serving(slot);
  ++held_;
  return {Admitted::kHeldForAddress, slot.shard, network};
}

void Admission::refuse(const Slot& slot) {
  CHECK(slot.as == Admitted::kServed, "who is held is not judged");
  stop_serving(slot);
  ++held_;
}

void Admission::free(const Slot& slot) {
  if (slot.as != Admitted::kServed) {
    CHECK(held_ > 0, "a slot is given back once");
    --held_;
    return;
  }
  stop_serving(slot);
}

void Admission::stop_serving(const Slot& slot) {
  CHECK(served_ > 0, "a slot is given back once");
  --served_;
  --served_by_shard_.at(slot.shard);
  if (!slot.network) return;
  const auto found = served_by_network_.find(*slot.network);
  CHECK(found != served_by_network_.end(), "a slot is given back once");
  if (--found->second == 0) served_by_network_.erase(found);
}

std::size_t Admission::least_loaded_shard() const {
  return static_cast<std::size_t>(std::ranges::min_element(served_by_shard_) -
                                  served_by_shard_.begin());
}

}  // namespace prometheus_rsocket::server
