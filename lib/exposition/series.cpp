#include "exposition/series.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <compare>
#include <functional>
#include <optional>

#include "base/check.h"
#include "exposition/lexical.h"

namespace prometheus_rsocket::exposition {
namespace {

struct LabelView {
  std::string_view name;
  std::string_view value;  // still escaped
};

// Takes the next label off well-formed labels.
std::optional<LabelView> take_label(std::string_view& labels) {
  while (!labels.empty() && (is_blank(labels[0]) || labels[0] == ',')) labels.remove_prefix(1);
  if (labels.empty()) return std::nullopt;
  LabelView label;
  label.name = labels.substr(0, label_name_size(labels));
  const std::size_t begin = labels.find('"', label.name.size()) + 1;
  std::size_t end = begin;
  while (labels[end] != '"') end += labels[end] == '\\' ? 2 : 1;
  label.value = labels.substr(begin, end - begin);
  labels.remove_prefix(end + 1);
  return label;
}

// The number a bound label stands for; nothing when the label is no bound of this type, or no
// number.
std::optional<double> bound(FamilyType type, const LabelView& label) {
  const bool is_bound = (type == FamilyType::kHistogram && label.name == "le") ||
                        (type == FamilyType::kSummary && label.name == "quantile");
  if (!is_bound || !is_value(label.value)) return std::nullopt;
  std::string_view number = label.value;
  if (number[0] == '+') number.remove_prefix(1);
  double value = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), value);
  if (parsed.ec != std::errc{}) return std::nullopt;  // too small for a double: compared as text
  return value == 0 ? 0.0 : value;                    // one zero
}

// A label in its one form: a bound as the bits of its number, any other value as its bytes.
struct LabelKey {
  std::string_view name;
  std::string_view value;
  std::optional<std::uint64_t> number;

  friend auto operator<=>(const LabelKey&, const LabelKey&) = default;
};

LabelKey key_of(FamilyType type, const LabelView& label) {
  const auto number = bound(type, label);
  if (!number) return {label.name, label.value, std::nullopt};
  return {label.name, {}, std::bit_cast<std::uint64_t>(*number)};
}

std::vector<LabelKey> label_set(const SeriesView& series) {
  std::vector<LabelKey> labels;
  std::string_view rest = series.labels;
  while (const auto label = take_label(rest)) {
    if (!label->value.empty()) labels.push_back(key_of(series.type, *label));
  }
  std::sort(labels.begin(), labels.end());
  return labels;
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio
  hash = (hash ^ word) * kMultiplier;
  return hash ^ (hash >> 29);
}

}  // namespace

std::uint64_t series_hash(const SeriesView& series) {
  const std::hash<std::string_view> hash;
  std::uint64_t sum = 0;  // of the labels' hashes: their order does not matter
  std::string_view rest = series.labels;
  while (const auto label = take_label(rest)) {
    if (label->value.empty()) continue;
    const LabelKey key = key_of(series.type, *label);
    // Mixed twice, so that name and value do not stand for each other.
    sum += mix(mix(0, hash(key.name)), key.number ? *key.number : hash(key.value));
  }
  return mix(hash(series.name), sum);
}

bool same_series(const SeriesView& a, const SeriesView& b) {
  if (a.name != b.name) return false;
  return (a.type == b.type && a.labels == b.labels) || label_set(a) == label_set(b);
}

void SeriesSet::restart(std::size_t count_max) {
  const std::size_t size = std::bit_ceil(std::max<std::size_t>(count_max, 1) * 2);
  if (slots_.size() < size) slots_.resize(size);
  // Only what this family uses: a small family after a large one costs little.
  std::fill_n(slots_.begin(), size, Slot{});
  mask_ = size - 1;
  count_max_ = count_max;
  series_.clear();
  series_.reserve(count_max);
}

bool SeriesSet::insert(const SeriesView& series) {
  CHECK(series_.size() < count_max_, "restart() made room for all series of the family");
  const std::uint64_t hash = series_hash(series);
  std::size_t at = hash & mask_;
  for (; slots_[at].position != 0; at = (at + 1) & mask_) {
    if (slots_[at].hash == hash && same_series(series_[slots_[at].position - 1], series)) {
      return false;
    }
  }
  series_.push_back(series);
  slots_[at] = {hash, static_cast<std::uint32_t>(series_.size())};
  return true;
}

}  // namespace prometheus_rsocket::exposition
