// Who is served: counts connections against --rsocket.max-connections and
// --rsocket.max-connections-per-address, of IPv6 per network of 64 bits. Who is over a limit is
// held (design.md, "Leaving"), and so is who was served and is refused: it takes up nobody's place
// while it waits for its end.
//
// Behind a load balancer the client's address is known some time after the connection is accepted:
// until then it counts against the first limit alone.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "server/config.h"
#include "server/limits.h"

namespace prometheus_rsocket::server {

enum class Admitted {
  kServed,
  kHeldForAll,      // too many connections
  kHeldForAddress,  // too many from that address
  kHeldRefused,     // it may not be here
};

// What a connection takes up from when it is accepted until its socket is closed.
struct Slot {
  Admitted as{};
  std::size_t shard = 0;
  std::optional<boost::asio::ip::address> network;  // the client's; none: not known yet
};

class Admission {
 public:
  // `config` outlives it.
  Admission(std::size_t shards, const Config& config) : config_(config), served_by_shard_(shards) {}

  // To be given back by free().
  [[nodiscard]] Slot admit(std::size_t shard,
                           const std::optional<boost::asio::ip::address>& address);
  // The client's address of a slot that is served without: the slot in its place, which may be held
  // now. To be given back in place of `slot`.
  [[nodiscard]] Slot identify(const Slot& slot, const boost::asio::ip::address& address);
  // Who has that slot and was served is refused. To be given back as kHeldRefused.
  void refuse(const Slot& slot);
  void free(const Slot& slot);

  // There is no room to hold one more. As many are held as places of those served are free, and
  // kHeldMax more: who is refused leaves others no less room than if it were served.
  [[nodiscard]] bool is_full() const {
    return served_ + held_ >= config_.connections_max + kHeldMax;
  }
  [[nodiscard]] std::size_t served() const { return served_; }
  [[nodiscard]] std::size_t least_loaded_shard() const;

 private:
  [[nodiscard]] bool is_crowded(const boost::asio::ip::address& network) const;
  void stop_serving(const Slot& slot);

  const Config& config_;
  std::size_t served_ = 0;
  std::size_t held_ = 0;
  std::vector<std::size_t> served_by_shard_;
  std::map<boost::asio::ip::address, std::size_t> served_by_network_;  // none is 0
};

}  // namespace prometheus_rsocket::server
