// When are two sample lines the same series?
//
// When their names and their label sets are equal: sorted, labels without a value left out (for
// Prometheus `foo{a=""}` is `foo`), and the bound in `le` of a histogram and `quantile` of a
// summary compared as a number, as Prometheus 3 normalises them (`1` and `1.0` are one).
//
// Values are compared escaped, which is the same as unescaped: scan() lets in the three escapes
// alone, and none of the characters they stand for raw, so that a value has one spelling.
//
// The hash is keyed: clients choose their series, and none is to make the page slow for all
// (docs/decisions/0006-hashes-are-keyed.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sip_hash.h"
#include "exposition/id_table.h"
#include "exposition/index.h"
#include "exposition/label.h"

namespace prometheus_rsocket::exposition {

// The parts of a scanned sample line that name its series. Borrowed from the scanned text.
struct SeriesView {
  std::string_view name;
  std::string_view labels;  // between the braces, well formed
};

// The number that `le` or `quantile` stands for; nothing when it is none that a double can tell
// from others.
[[nodiscard]] std::optional<double> bound_number(std::string_view value);

// A bound as OpenMetrics wants it, and Prometheus 3 makes of every one: `1.0`, `+Inf`, `1e+06`.
// `value` itself where it is no number that a double can tell from others.
[[nodiscard]] std::string canonical_bound(std::string_view value);
[[nodiscard]] bool is_canonical_bound(std::string_view value);

// Equal for same series of a family, whatever the order of their labels; of a series' name only the
// size counts, since no two names of a family share it. What is not the same hashes apart, or one
// client could make a table slow for all: bounds are numbers in families of their type alone.
// Allocates only where blanks stand inside of labels, or quotes around their names.
[[nodiscard]] std::uint32_t series_hash(const base::SipKey& key, FamilyType type,
                                        const SeriesView& series);

// The same in parts, for who reads the labels anyway: the sum of all labels' hashes, folded.
// `bound`: the label that is a number; empty for none.
[[nodiscard]] std::uint64_t label_hash(const base::SipKey& key, const LabelView& label,
                                       std::string_view bound = {});
[[nodiscard]] std::uint32_t fold_hash(std::string_view name, std::uint64_t sum);

[[nodiscard]] bool same_series(FamilyType type, const SeriesView& a, const SeriesView& b);

// A metric is all series of a family that differ in their bound alone: a histogram or summary. Of
// such a series the labels that name it are put into `out`; whether there is a bound.
[[nodiscard]] bool take_metric_labels(FamilyType type, std::string_view labels,
                                      std::vector<LabelView>& out);
[[nodiscard]] bool same_metric(FamilyType type, std::string_view a, std::string_view b);

// The series met so far, one family at a time. Keeps its memory from family to family, which is at
// most three times that of the series of the largest.
class SeriesSet {
 public:
  // Forgets all, and makes room for so many series at once; more may come.
  void restart(FamilyType type, std::size_t expected_count);

  // Series of this hash come soon.
  void prefetch(std::uint32_t hash) const { ids_.prefetch(hash); }

  // False when the series is in already. `hash` is its series_hash(), under one key for all. The
  // series' bytes must outlive the next restart().
  [[nodiscard]] bool insert(const SeriesView& series, std::uint32_t hash) {
    return insert(series, hash,
                  [&](const SeriesView& other) { return same_series(type_, other, series); });
  }
  // Where other series than the same ones count as equal, is_same(other) tells them.
  template <class IsSame>
  [[nodiscard]] bool insert(const SeriesView& series, std::uint32_t hash, const IsSame& is_same) {
    const auto fresh = static_cast<std::uint32_t>(series_.size());
    const auto id = ids_.find_or_insert(hash, fresh, [&](std::uint32_t candidate) {
      const Entry& entry = series_[candidate];
      return is_same({{entry.name, entry.name_size}, {entry.labels, entry.labels_size}});
    });
    if (id != fresh) return false;
    series_.push_back({series.name.data(), series.labels.data(),
                       static_cast<std::uint32_t>(series.name.size()),
                       static_cast<std::uint32_t>(series.labels.size())});
    return true;
  }

 private:
  struct Entry {
    const char* name;
    const char* labels;
    std::uint32_t name_size;
    std::uint32_t labels_size;
  };

  FamilyType type_ = FamilyType::kUntyped;
  IdTable ids_;  // positions in series_
  std::vector<Entry> series_;
};

}  // namespace prometheus_rsocket::exposition
