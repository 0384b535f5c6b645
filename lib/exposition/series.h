// When are two sample lines the same series?
//
// When their names and their label sets are equal: sorted, labels without a value left out (for
// Prometheus `foo{a=""}` is `foo`), and the bound in `le` of a histogram and `quantile` of a
// summary compared as a number, as Prometheus 3 normalises them (`1` and `1.0` are one).
//
// Values are compared escaped, which is the same as unescaped: scan() lets in the three escapes
// alone, and none of the characters they stand for raw, so that a value has one spelling.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "exposition/scan.h"

namespace prometheus_rsocket::exposition {

// The parts of a scanned sample line that name its series. Borrowed from the scanned text.
struct SeriesView {
  std::string_view name;
  std::string_view labels;  // between the braces, well formed
  FamilyType type = FamilyType::kUntyped;
};

// Equal for same series, whatever the order of their labels. Does not allocate.
[[nodiscard]] std::uint64_t series_hash(const SeriesView& series);

[[nodiscard]] bool same_series(const SeriesView& a, const SeriesView& b);

// The series met so far, one family at a time. Keeps its memory from family to family.
class SeriesSet {
 public:
  // Forgets all and makes room for at most so many series.
  void restart(std::size_t count_max);

  // False when the series is in already. The series' bytes must outlive the next restart().
  // REQUIRES: fewer than count_max series are in.
  [[nodiscard]] bool insert(const SeriesView& series);

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t position = 0;  // in series_, counted from 1; 0 is an empty slot
  };

  std::vector<Slot> slots_;  // open addressing over the first mask_ + 1, at most half of them full
  std::size_t mask_ = 0;
  std::size_t count_max_ = 0;
  std::vector<SeriesView> series_;
};

}  // namespace prometheus_rsocket::exposition
