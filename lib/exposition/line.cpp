#include "exposition/line.h"

#include <algorithm>

#include "exposition/family.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr std::string_view kLe = bound_label(FamilyType::kHistogram);
constexpr std::string_view kQuantile = bound_label(FamilyType::kSummary);
constexpr std::string_view kExemplarBegin = " # {";

// OpenMetrics has no blanks but single spaces where they must be.
void pass_blanks(std::string_view& rest, Dialect dialect, LineLabels& labels) {
  if (rest.empty() || !is_blank(rest[0]) || dialect == Dialect::kOpenMetrics) return;
  labels.has_blanks = true;
  skip_blanks(rest);
}

LineFailure take_label_name(std::string_view& rest, std::string_view& name, bool& is_quoted) {
  is_quoted = rest[0] == '"';
  if (is_quoted) {
    if (const LineFailure failure = take_quoted(rest, name)) return failure;
    return name.empty() ? LineFailure(ScanReason::kLabelName) : std::nullopt;
  }
  name = rest.substr(0, label_name_size(rest));
  if (name.empty()) return ScanReason::kLabelName;
  rest.remove_prefix(name.size());
  return std::nullopt;
}

LineFailure take_label_value(std::string_view& rest, Dialect dialect, std::string_view name,
                             LineLabels& labels) {
  rest.remove_prefix(1);  // the `=`
  pass_blanks(rest, dialect, labels);
  std::string_view value;
  if (const LineFailure failure = take_quoted(rest, value)) return failure;
  if (name == kLe) labels.has_bad_le = !is_value(value);
  if (name == kQuantile) labels.has_bad_quantile = !is_value(value);
  return std::nullopt;
}

// Takes the next word off the front.
std::string_view take_word(std::string_view& rest) {
  const std::size_t size = std::min(rest.find_first_of(" \t"), rest.size());
  const std::string_view word = rest.substr(0, size);
  rest.remove_prefix(size);
  return word;
}

// Takes a space and a word off the front; nothing without them.
std::string_view take_spaced_word(std::string_view& rest) {
  if (!rest.starts_with(' ')) return {};
  rest.remove_prefix(1);
  return take_word(rest);
}

LineFailure read_text_rest(std::string_view rest, LineRest& parts) {
  skip_blanks(rest);
  parts.value = take_word(rest);
  if (!is_value(parts.value)) return ScanReason::kValue;
  skip_blanks(rest);
  parts.timestamp = rest;
  if (!rest.empty() && !is_timestamp(rest)) return ScanReason::kTimestamp;
  return std::nullopt;
}

LineFailure take_openmetrics_timestamp(std::string_view& rest, std::string_view& timestamp) {
  if (rest.empty() || rest.starts_with(kExemplarBegin)) return std::nullopt;
  timestamp = take_spaced_word(rest);
  return is_openmetrics_timestamp(timestamp) ? std::nullopt : LineFailure(ScanReason::kTimestamp);
}

LineFailure read_exemplar(std::string_view rest, LineRest& parts) {
  if (!rest.starts_with(kExemplarBegin)) return ScanReason::kExemplar;
  rest.remove_prefix(kExemplarBegin.size());
  const char* const begin = rest.data();
  LineLabels labels;
  labels.metric_name = "x";  // an exemplar has no name
  if (take_labels(rest, Dialect::kOpenMetrics, labels)) return ScanReason::kExemplar;
  parts.exemplar_labels = {begin, static_cast<std::size_t>(rest.data() - begin) - 1};
  parts.exemplar_value = take_spaced_word(rest);
  if (!is_value(parts.exemplar_value)) return ScanReason::kExemplar;
  if (take_openmetrics_timestamp(rest, parts.exemplar_timestamp)) return ScanReason::kExemplar;
  return rest.empty() ? std::nullopt : LineFailure(ScanReason::kExemplar);
}

LineFailure read_openmetrics_rest(std::string_view rest, LineRest& parts) {
  parts.value = take_spaced_word(rest);
  if (!is_value(parts.value)) return ScanReason::kValue;
  if (const auto failure = take_openmetrics_timestamp(rest, parts.timestamp)) return failure;
  return rest.empty() ? std::nullopt : read_exemplar(rest, parts);
}

}  // namespace

LineFailure take_quoted(std::string_view& rest, std::string_view& text) {
  if (rest.empty() || rest[0] != '"') return ScanReason::kLabelQuote;
  std::size_t end = 1;
  while (end < rest.size() && rest[end] != '"') {
    if (rest[end] == '\\') {
      ++end;
      if (end == rest.size()) return ScanReason::kLabelQuote;
      if (rest[end] != '\\' && rest[end] != '"' && rest[end] != 'n') {
        return ScanReason::kLabelEscape;
      }
    }
    ++end;
  }
  if (end >= rest.size()) return ScanReason::kLabelQuote;
  text = rest.substr(1, end - 1);
  if (!is_utf8(text)) return ScanReason::kNotUtf8;
  rest.remove_prefix(end + 1);
  return std::nullopt;
}

bool has_repeated(std::vector<std::string_view>& names) {
  constexpr std::size_t kFewNames = 16;  // below it, comparing all pairs beats sorting
  if (names.size() > kFewNames) {
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end();
  }
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (std::find(names.begin(), name, *name) != name) return true;
  }
  return false;
}

LineFailure take_labels(std::string_view& rest, Dialect dialect, LineLabels& labels) {
  labels.names.assign(1, "__name__");
  pass_blanks(rest, dialect, labels);
  while (!rest.empty() && rest[0] != '}') {
    std::string_view name;
    bool is_quoted = false;
    if (const LineFailure failure = take_label_name(rest, name, is_quoted)) return failure;
    labels.has_quoted_name |= is_quoted;
    pass_blanks(rest, dialect, labels);
    const bool has_value = !rest.empty() && rest[0] == '=';
    if (has_value) {
      labels.names.push_back(name);
      if (const LineFailure failure = take_label_value(rest, dialect, name, labels)) return failure;
      pass_blanks(rest, dialect, labels);
    } else if (!is_quoted) {
      return ScanReason::kLabelEquals;
    } else if (!labels.metric_name.empty()) {
      return ScanReason::kMetricName;
    } else {
      labels.metric_name = name;
    }
    if (!rest.empty() && rest[0] == ',') {
      rest.remove_prefix(1);
      pass_blanks(rest, dialect, labels);
    } else if (!rest.empty() && rest[0] != '}') {
      return has_value ? ScanReason::kLabelSeparator : ScanReason::kLabelEquals;
    }
  }
  if (rest.empty()) return ScanReason::kLabelSeparator;
  rest.remove_prefix(1);
  return std::nullopt;
}

bool is_negative(std::string_view value) {
  return value.starts_with('-') && value.find_first_of("123456789iI") != std::string_view::npos;
}

LineFailure read_rest(std::string_view rest, Dialect dialect, LineRest& parts) {
  return dialect == Dialect::kText ? read_text_rest(rest, parts)
                                   : read_openmetrics_rest(rest, parts);
}

}  // namespace prometheus_rsocket::exposition
