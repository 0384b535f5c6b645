// The parts of a sample line, for its readers (scan.h, rescan.h). Internal to lib/exposition.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "exposition/format.h"
#include "exposition/lexical.h"
#include "exposition/scan_error.h"

namespace prometheus_rsocket::exposition {

using LineFailure = std::optional<ScanReason>;  // nothing: it is good

// Takes the text up to a quote that closes it, both quotes included, off the front: with no escapes
// but `\\`, `\"` and `\n`, and UTF-8.
[[nodiscard]] LineFailure take_quoted(std::string_view& rest, std::string_view& text);

// What a line's labels are, beyond being well formed.
struct LineLabels {
  std::vector<std::string_view> names;  // with __name__, the metric's own
  std::string_view metric_name;         // before the brace, or between quotes among the labels
  bool has_quoted_name = false;         // of the metric or a label
  bool has_blanks = false;
  bool has_bad_le = false;  // one that is no number: whether that is wrong depends on the type
  bool has_bad_quantile = false;
};

// Takes the labels and the closing brace off the front; `{a="b",}` is good, `{,}` is not. REQUIRES:
// labels.metric_name is what stands before the brace.
[[nodiscard]] LineFailure take_labels(std::string_view& rest, Dialect dialect, LineLabels& labels);

// Prometheus fails the scrape: its storage takes no label set with a name twice. May sort them.
[[nodiscard]] bool has_repeated(std::vector<std::string_view>& names);

// What follows the name and labels: the value, the optional timestamp, and in OpenMetrics the
// optional exemplar.
struct LineRest {
  std::string_view value;
  std::string_view timestamp;        // empty for none
  std::string_view exemplar_labels;  // between the braces
  std::string_view exemplar_value;   // empty for no exemplar
  std::string_view exemplar_timestamp;
};

// Below zero: what no count can be.
[[nodiscard]] bool is_negative(std::string_view value);

// `rest` may have blanks before in text, and none behind; in OpenMetrics one space is before.
[[nodiscard]] LineFailure read_rest(std::string_view rest, Dialect dialect, LineRest& parts);

}  // namespace prometheus_rsocket::exposition
