#include "server/admission.h"

#include <algorithm>

#include "base/check.h"

namespace prometheus_rsocket::server {

using boost::asio::ip::address;

bool Admission::is_crowded(const address& of) const {
  if (config_.connections_per_address_max == 0) return false;
  const auto found = served_by_address_.find(of);
  return found != served_by_address_.end() && found->second >= config_.connections_per_address_max;
}

Slot Admission::admit(std::size_t shard, const std::optional<address>& of) {
  Slot slot{Admitted::kServed, shard, of};
  if (served_ >= config_.connections_max) {
    slot.as = Admitted::kHeldForAll;
  } else if (of && is_crowded(*of)) {
    slot.as = Admitted::kHeldForAddress;
  }
  if (slot.as == Admitted::kServed) {
    ++served_;
    ++served_by_shard_.at(shard);
    if (of) ++served_by_address_[*of];
  } else {
    ++held_;
  }
  return slot;
}

Slot Admission::identify(const Slot& slot, const address& of) {
  CHECK(slot.as == Admitted::kServed && !slot.address, "a client is identified once");
  if (!is_crowded(of)) {
    ++served_by_address_[of];
    return {Admitted::kServed, slot.shard, of};
  }
  stop_serving(slot);
  ++held_;
  return {Admitted::kHeldForAddress, slot.shard, of};
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
  if (!slot.address) return;
  const auto found = served_by_address_.find(*slot.address);
  CHECK(found != served_by_address_.end(), "a slot is given back once");
  if (--found->second == 0) served_by_address_.erase(found);
}

std::size_t Admission::least_loaded_shard() const {
  return static_cast<std::size_t>(std::ranges::min_element(served_by_shard_) -
                                  served_by_shard_.begin());
}

}  // namespace prometheus_rsocket::server
