#include "server/admission.h"

#include <algorithm>

#include "base/check.h"

namespace prometheus_rsocket::server {

Admitted Admission::judge(const boost::asio::ip::address& address) const {
  if (served_ >= config_.connections_max) return Admitted::kHeldForAll;
  if (config_.connections_per_address_max == 0) return Admitted::kServed;
  const auto found = served_by_address_.find(address);
  const bool full =
      found != served_by_address_.end() && found->second >= config_.connections_per_address_max;
  return full ? Admitted::kHeldForAddress : Admitted::kServed;
}

Slot Admission::admit(std::size_t shard, const boost::asio::ip::address& address) {
  const Slot slot{judge(address), shard, address};
  if (slot.as == Admitted::kServed) {
    ++served_;
    ++served_by_shard_.at(shard);
    ++served_by_address_[address];
  } else {
    ++held_;
  }
  return slot;
}

void Admission::free(const Slot& slot) {
  if (slot.as != Admitted::kServed) {
    CHECK(held_ > 0, "a slot is given back once");
    --held_;
    return;
  }
  const auto found = served_by_address_.find(slot.address);
  CHECK(found != served_by_address_.end(), "a slot is given back once");
  --served_;
  --served_by_shard_.at(slot.shard);
  if (--found->second == 0) served_by_address_.erase(found);
}

std::size_t Admission::least_loaded_shard() const {
  return static_cast<std::size_t>(std::ranges::min_element(served_by_shard_) -
                                  served_by_shard_.begin());
}

}  // namespace prometheus_rsocket::server
