#include "support/report.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <ostream>
#include <utility>

#include "base/check.h"

namespace prometheus_rsocket::bench {
namespace {

// Three decimals where they say something.
std::string digits(double value) {
  std::array<char, 400> text{};
  const int precision = std::abs(value) >= 1000 || value == std::round(value) ? 0 : 3;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::fixed, precision);
  return {text.data(), end.ptr};
}

}  // namespace

void Report::add(Figure figure) {
  CHECK(std::isfinite(figure.value), "a figure is a number");
  figures_.push_back(std::move(figure));
}

void Report::print_table(std::ostream& out) const {
  std::size_t name_width = 0;
  std::size_t value_width = 0;
  for (const Figure& figure : figures_) {
    name_width = std::max(name_width, figure.name.size());
    value_width = std::max(value_width, digits(figure.value).size());
  }
  out << title_ << "\n";
  for (const Figure& figure : figures_) {
    out << "  " << std::left << std::setw(static_cast<int>(name_width)) << figure.name << "  "
        << std::right << std::setw(static_cast<int>(value_width)) << digits(figure.value);
    if (!figure.goal.empty()) out << "  goal " << figure.goal;
    out << "\n";
  }
}

void Report::print_json(std::ostream& out) const {
  out << "{\"title\": \"" << title_ << "\", \"figures\": {";
  const char* separator = "";
  for (const Figure& figure : figures_) {
    out << separator << "\"" << figure.name << "\": " << digits(figure.value);
    separator = ", ";
  }
  out << "}}\n";
}

bool Report::write_json(const std::string& path) const {
  std::ofstream file(path);
  print_json(file);
  file.close();
  return !file.fail();
}

base::Duration quantile(std::span<const base::Duration> sorted, double share) {
  CHECK(!sorted.empty() && share > 0 && share <= 1, "a share of something");
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

}  // namespace prometheus_rsocket::bench
