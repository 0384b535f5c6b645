#include "exposition/line.h"

#include <algorithm>

#include "exposition/family.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr std::string_view kLe = bound_label(FamilyType::kHistogram);
constexpr std::string_view kQuantile = bound_label(FamilyType::kSummary);

// Takes `"value"` off the front.
LineFailure take_label_value(std::string_view& rest, std::string_view& value) {
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
  value = rest.substr(1, end - 1);
  if (!is_utf8(value)) return ScanReason::kNotUtf8;
  rest.remove_prefix(end + 1);
  return std::nullopt;
}

// Prometheus fails the scrape: its storage takes no label set with a name twice.
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

}  // namespace

LineFailure take_labels(std::string_view& rest, LineLabels& labels) {
  labels.names.assign(1, "__name__");  // the metric's own
  skip_blanks(rest);
  while (!rest.empty() && rest[0] != '}') {
    const std::string_view name = rest.substr(0, label_name_size(rest));
    if (name.empty()) return ScanReason::kLabelName;
    labels.names.push_back(name);
    rest.remove_prefix(name.size());
    skip_blanks(rest);
    if (rest.empty() || rest[0] != '=') return ScanReason::kLabelEquals;
    rest.remove_prefix(1);
    skip_blanks(rest);
    std::string_view value;
    if (const LineFailure failure = take_label_value(rest, value)) return failure;
    if (name == kLe) labels.has_bad_le = !is_value(value);
    if (name == kQuantile) labels.has_bad_quantile = !is_value(value);
    skip_blanks(rest);
    if (!rest.empty() && rest[0] == ',') {
      rest.remove_prefix(1);
      skip_blanks(rest);
    } else if (!rest.empty() && rest[0] != '}') {
      return ScanReason::kLabelSeparator;
    }
  }
  if (rest.empty()) return ScanReason::kLabelSeparator;
  rest.remove_prefix(1);
  return has_repeated(labels.names) ? LineFailure(ScanReason::kLabelRepeated) : std::nullopt;
}

LineFailure check_value(std::string_view rest) {
  skip_blanks(rest);
  const std::size_t size = std::min(rest.find_first_of(" \t"), rest.size());
  if (!is_value(rest.substr(0, size))) return ScanReason::kValue;
  rest.remove_prefix(size);
  skip_blanks(rest);
  if (!rest.empty() && !is_timestamp(rest)) return ScanReason::kTimestamp;
  return std::nullopt;
}

}  // namespace prometheus_rsocket::exposition
