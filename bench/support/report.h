// What a benchmark program has measured: a table for people, JSON for programs.
#pragma once

#include <chrono>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"

namespace prometheus_rsocket::bench {

// Names are ours: [a-z0-9_]+, with the unit last (`key_p99_ms`).
struct Figure {
  std::string name;
  double value = 0;       // finite
  std::string goal = {};  // in words, such as `>= 5000`; empty: none
};

[[nodiscard]] inline double in_ms(base::Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

class Report {
 public:
  // `title` names the program and the kind of run; as the names: printable ASCII without quotes.
  explicit Report(std::string title) : title_(std::move(title)) {}

  void add(Figure figure);

  // One figure a line: name, value, goal.
  void print_table(std::ostream& out) const;
  // {"title": "…", "figures": {"name": value, …}}
  void print_json(std::ostream& out) const;
  // print_json() into a file; false when that cannot be written.
  [[nodiscard]] bool write_json(const std::string& path) const;

 private:
  std::string title_;
  std::vector<Figure> figures_;
};

// The smallest value that at least `share` of the values do not exceed (nearest rank).
// REQUIRES: sorted ascending, not empty; 0 < share <= 1.
[[nodiscard]] base::Duration quantile(std::span<const base::Duration> sorted, double share);

}  // namespace prometheus_rsocket::bench
