// What an oracle found, while it looks.
#pragma once

#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/oracle/oracle.h"

namespace prometheus_rsocket::sim::oracle {

class Findings {
 public:
  explicit Findings(std::string_view oracle) : oracle_(oracle) {}

  // The parts are printed one after the other.
  template <class... Parts>
  void add(base::Instant at, const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    found_.push_back({std::string(oracle_), at, text.str()});
  }

  [[nodiscard]] std::vector<Violation> take() { return std::move(found_); }

 private:
  std::string_view oracle_;
  std::vector<Violation> found_;
};

}  // namespace prometheus_rsocket::sim::oracle
