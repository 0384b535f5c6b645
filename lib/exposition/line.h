// The parts of a sample line of text 0.0.4, for its readers (scan.h, rescan.h). Internal to
// lib/exposition.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "exposition/lexical.h"
#include "exposition/scan_error.h"

namespace prometheus_rsocket::exposition {

using LineFailure = std::optional<ScanReason>;  // nothing: it is good

inline void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

inline void trim_blanks_behind(std::string_view& text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
}

// What a line's labels are, beyond being well formed.
struct LineLabels {
  std::vector<std::string_view> names;
  bool has_bad_le = false;  // one that is no number: whether that is wrong depends on the type
  bool has_bad_quantile = false;
};

// Takes the labels and the closing brace off the front; `{a="b",}` is good, `{,}` is not.
[[nodiscard]] LineFailure take_labels(std::string_view& rest, LineLabels& labels);

// The value and the optional timestamp, perhaps with blanks before. REQUIRES: none behind.
[[nodiscard]] LineFailure check_value(std::string_view rest);

}  // namespace prometheus_rsocket::exposition
