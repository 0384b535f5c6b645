// Writes one sample line in a page's format, whatever the dialect that it came in. Internal to
// lib/exposition.
//
// What need not change is copied: values always, and whole lines where the client wrote them as the
// page has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exposition/family.h"
#include "exposition/format.h"
#include "exposition/index.h"
#include "exposition/line.h"
#include "exposition/merge.h"

namespace prometheus_rsocket::exposition {

class LineWriter {
 public:
  explicit LineWriter(const Format& format) : format_(format) {}

  // Whether lines of such a text, of a family of this type, are copied as they are.
  [[nodiscard]] bool copies(const Index& index, FamilyType type) const;

  // Appends the sample, of this family, and a line feed. False, and nothing appended, when this
  // format has no way to write it: two of its labels have one name when escaped, or text has no
  // timestamp that early.
  [[nodiscard]] bool write(std::string_view text, const Index& index, const MergedFamily& family,
                           const Sample& sample, std::string& out);

  // Appends the name and labels alone. False when two of these have one name when escaped. What a
  // structural family adds to its name for its samples is not escaped (prometheus/common,
  // model.EscapeMetricFamily).
  bool write_series(std::string_view name, std::string_view labels, const MergedFamily& family,
                    std::string& out);

 private:
  [[nodiscard]] static bool has_good_bounds(const Index& index, FamilyType type);
  [[nodiscard]] bool is_plain(const Index& index, FamilyType type) const;
  bool rewrite(std::string_view text, Dialect dialect, const MergedFamily& family,
               const Sample& sample, std::string& out);
  [[nodiscard]] std::string escaped_name(std::string_view name, const MergedFamily& family) const;
  bool write_labels(std::string_view labels, std::string_view bound, std::string& out);
  bool write_timestamp(std::string_view timestamp, Dialect dialect, std::string& out) const;
  [[nodiscard]] bool has_repeated_name();
  void write_exemplar(const LineRest& rest, std::string& out);

  using Name = std::pair<std::string_view, std::string>;  // as it came, and escaped if it must be

  Format format_;
  // Of one line's labels; both here to keep their memory.
  std::vector<Name> names_;
  std::vector<std::string_view> written_;
};

// What follows a scanned sample's name and labels.
[[nodiscard]] LineRest rest_of(std::string_view text, Dialect dialect, const Sample& sample);

// Whether there is an exemplar, it is of a sample that may have one, and it is not too long.
[[nodiscard]] bool keeps_exemplar(std::string_view name, const LineRest& rest);

// Of OpenMetrics' seconds, truncated as Prometheus does. Nothing where 64 bits do not hold them,
// and for NaN.
[[nodiscard]] std::optional<std::int64_t> milliseconds(std::string_view seconds);

// As text (milliseconds) has it what OpenMetrics (seconds) has. Nothing where text has no word for
// it.
[[nodiscard]] std::optional<std::string> text_timestamp(std::string_view seconds);

// The other way round: Prometheus reads it as the same millisecond.
[[nodiscard]] std::string openmetrics_timestamp(std::string_view milliseconds);

}  // namespace prometheus_rsocket::exposition
