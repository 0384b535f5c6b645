// What lies between the hosts of the virtual network: delays, and what is cut or slow at present.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "sim/host.h"
#include "sim/kernel.h"

namespace prometheus_rsocket::sim {

class Links {
 public:
  explicit Links(Kernel& kernel) : kernel_(kernel) {}

  // One direction each.
  void set(const Address& from, const Address& to, Link link);
  void slow(const Address& from, const Address& to, base::Duration more);  // 0: not any more
  void cut(const Address& from, const Address& to) { cuts_.emplace(from, to); }
  void heal(const Address& from, const Address& to) { cuts_.erase({from, to}); }
  void mend();  // heals all, and nothing is slow

  // Why nothing passes now, one of the kMet…; nothing: it passes. What meets a clog (kMetClog)
  // stays under way, all else is lost.
  [[nodiscard]] std::optional<Happening> obstacle(const Host& from, const Host& to) const;
  // How long something that sets out now is under way. One draw, whatever the link is like.
  [[nodiscard]] base::Duration transit(const Host& from, const Host& to, Draws& draws) const;
  // Bytes a second for each connection; 0: no limit.
  [[nodiscard]] std::uint64_t bandwidth(const Host& from, const Host& to) const;

 private:
  using Pair = std::pair<Address, Address>;

  Kernel& kernel_;
  std::map<Pair, Link> links_;
  std::map<Pair, base::Duration> slow_;
  std::set<Pair> cuts_;
};

}  // namespace prometheus_rsocket::sim
