#include "exposition/series_reader.h"

#include <algorithm>

#include "exposition/common_prefix.h"
#include "exposition/series.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr std::string_view kLe = bound_label(FamilyType::kHistogram);
constexpr std::string_view kQuantile = bound_label(FamilyType::kSummary);
// Up to so many, comparing all pairs beats sorting.
constexpr std::size_t kFewNames = 16;

}  // namespace

void SeriesReader::set_type(FamilyType type) {
  if (bound_label(type) != bound_label(type_)) checkpoints_.clear();
  type_ = type;
}

LineFailure SeriesReader::read(std::string_view line, std::string_view& rest) {
  forget_from(line);
  line_ = line;
  has_same_name_ = false;
  if (checkpoints_.empty()) {
    if (const LineFailure failure = read_name(line, rest)) return failure;
    if (checkpoints_.empty()) return std::nullopt;  // no labels
  } else {
    state_ = checkpoints_.back().state;
    has_same_name_ = state_.name_size > 0;  // one between quotes is behind the brace
    names_.resize(state_.names);
    rest = line.substr(checkpoints_.back().at);
  }
  const LineFailure failure = read_labels(line, rest);
  if (failure) checkpoints_.clear();
  return failure;
}

std::uint32_t SeriesReader::hash() const { return fold_hash(name(), state_.hash_sum); }

// Keeps the checkpoints up to where this line differs from the last one.
void SeriesReader::forget_from(std::string_view line) {
  if (checkpoints_.empty()) return;
  const std::size_t common = common_prefix(line_, line);
  while (!checkpoints_.empty() && checkpoints_.back().at > common) checkpoints_.pop_back();
}

LineFailure SeriesReader::read_name(std::string_view line, std::string_view& rest) {
  state_ = {};
  labels_ = {};
  names_.clear();
  state_.name_size = metric_name_size(line);
  rest = line.substr(state_.name_size);
  if (dialect_ == Dialect::kText && !rest.empty() && is_blank(rest[0])) {
    std::string_view after = rest;  // a brace may follow
    skip_blanks(after);
    state_.has_blanks = after.starts_with('{');
    if (state_.has_blanks) rest = after;
  }
  if (!rest.starts_with('{')) {
    return state_.name_size == 0 ? LineFailure(ScanReason::kMetricName) : std::nullopt;
  }
  rest.remove_prefix(1);
  checkpoints_.push_back({line.size() - rest.size(), state_});
  return std::nullopt;
}

LineFailure SeriesReader::read_labels(std::string_view line, std::string_view& rest) {
  state_.has_blanks |= pass_blanks(rest, dialect_);
  while (!rest.empty() && rest[0] != '}') {
    LineElement element;
    if (const LineFailure failure = take_element(rest, dialect_, element)) return failure;
    if (const LineFailure failure = take(element)) return failure;
    if (element.ends_list) break;
    checkpoints_.push_back({line.size() - rest.size(), state_});
  }
  if (rest.empty()) return ScanReason::kLabelSeparator;
  const std::size_t begin = checkpoints_.front().at;
  labels_ = line.substr(begin, line.size() - rest.size() - begin);
  rest.remove_prefix(1);
  if (names_.size() > kFewNames && has_repeated_name()) return ScanReason::kLabelRepeated;
  return state_.name_size == 0 ? LineFailure(ScanReason::kMetricName) : std::nullopt;
}

LineFailure SeriesReader::take(const LineElement& element) {
  state_.has_quoted_name |= element.is_quoted;
  state_.has_blanks |= element.has_blanks;
  if (!element.has_value) {
    if (state_.name_size > 0) return ScanReason::kMetricName;
    state_.name_begin = static_cast<std::size_t>(element.name.data() - line_.data());
    state_.name_size = element.name.size();
    return std::nullopt;
  }
  // Prometheus fails the scrape: its storage takes no label set with a name twice.
  if (element.name == "__name__") return ScanReason::kLabelRepeated;
  const bool are_few = names_.size() < kFewNames;
  if (are_few && std::ranges::find(names_, element.name) != names_.end()) {
    return ScanReason::kLabelRepeated;
  }
  names_.push_back(element.name);
  state_.names = names_.size();
  if (element.name == kLe || element.name == kQuantile) {
    state_.has_odd_bound |= !is_canonical_bound(element.value);
  }
  if (element.name == kLe) state_.has_bad_le = !is_value(element.value);
  if (element.name == kQuantile) state_.has_bad_quantile = !is_value(element.value);
  state_.hash_sum += label_hash(key_, {element.name, element.value}, bound_label(type_));
  return std::nullopt;
}

bool SeriesReader::has_repeated_name() {
  sorted_ = names_;
  std::ranges::sort(sorted_);
  return std::ranges::adjacent_find(sorted_) != sorted_.end();
}

}  // namespace prometheus_rsocket::exposition
