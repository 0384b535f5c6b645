// The parts of a sample line, for its readers (scan.h, rescan.h). Internal to lib/exposition.
#pragma once

#include <optional>
#include <string_view>

#include "exposition/format.h"
#include "exposition/lexical.h"
#include "exposition/scan_error.h"

namespace prometheus_rsocket::exposition {

using LineFailure = std::optional<ScanReason>;  // nothing: it is good

// Takes the text up to a quote that closes it, both quotes included, off the front: with no escapes
// but `\\`, `\"` and `\n`, and UTF-8.
[[nodiscard]] LineFailure take_quoted(std::string_view& rest, std::string_view& text);

// Between the braces: a label, or the metric's name between quotes.
struct LineElement {
  std::string_view name;   // without quotes
  std::string_view value;  // still escaped
  bool is_quoted = false;  // the name
  bool has_value = false;
  bool has_blanks = false;
  bool ends_list = false;  // no comma follows
};

// Takes one off the front, with the comma and blanks behind it. REQUIRES: something is there.
[[nodiscard]] LineFailure take_element(std::string_view& rest, Dialect dialect,
                                       LineElement& element);

// OpenMetrics has no blanks but single spaces where they must be. True if there were some.
inline bool pass_blanks(std::string_view& rest, Dialect dialect) {
  if (rest.empty() || !is_blank(rest[0]) || dialect != Dialect::kText) return false;
  skip_blanks(rest);
  return true;
}

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
