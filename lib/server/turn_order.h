// Whose turn is next where many wait for one thing: theirs whose last one is longest ago, and who
// comes for the first time is behind those who were there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "server/limits.h"

namespace prometheus_rsocket::server {

class TurnOrder {
 public:
  using Turn = std::uint64_t;

  // The last one that was had: to be kept with whoever comes now.
  [[nodiscard]] Turn last() const { return last_; }
  // Who has the least is next, and of equals who came first. Whose the turn was that was the last
  // one when another came is behind them.
  [[nodiscard]] Turn rank(const std::string& who, Turn when_it_came) const {
    const auto turn = turns_.find(who);
    return std::max(2 * when_it_came, turn == turns_.end() ? 0 : 2 * turn->second + 1);
  }
  void has_turn(const std::string& who) {
    if (turns_.size() > kTurnsKnownMax) turns_.clear();
    turns_[who] = ++last_;
  }
  // Nobody waits: there is no order.
  void forget() { turns_.clear(); }

 private:
  std::map<std::string, Turn> turns_;  // of whom had one, while others waited
  Turn last_ = 0;
};

}  // namespace prometheus_rsocket::server
