#include "exposition/series.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <compare>
#include <optional>
#include <string>
#include <utility>

#include "exposition/lexical.h"

namespace prometheus_rsocket::exposition {
namespace {

// A label in its one form: a bound as the bits of its number, any other value as its bytes.
struct LabelKey {
  std::string_view name;
  std::string_view value;
  std::optional<std::uint64_t> number;

  friend auto operator<=>(const LabelKey&, const LabelKey&) = default;
};

LabelKey key_of(std::string_view bound, const LabelView& label) {
  if (label.name == bound) {
    if (const auto number = bound_number(label.value)) {
      return {label.name, {}, std::bit_cast<std::uint64_t>(*number)};
    }
  }
  return {label.name, label.value, std::nullopt};
}

std::vector<LabelKey> label_set(std::string_view bound, std::string_view labels) {
  std::vector<LabelKey> keys;
  while (const auto label = take_label(labels)) {
    if (!label->value.empty()) keys.push_back(key_of(bound, *label));
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::optional<LabelView> take_label_but(std::string_view bound, std::string_view& labels) {
  while (const auto label = take_label(labels)) {
    if (!label->value.empty() && label->name != bound) return label;
  }
  return std::nullopt;
}

using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

Labels sorted_labels_but(std::string_view bound, std::string_view labels) {
  Labels sorted;
  while (const auto label = take_label_but(bound, labels)) {
    sorted.emplace_back(label->name, label->value);
  }
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace

std::optional<double> bound_number(std::string_view value) {
  if (!is_value(value)) return std::nullopt;
  if (value[0] == '+') value.remove_prefix(1);
  double number = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), number);
  if (parsed.ec != std::errc{}) return std::nullopt;  // too small for a double: compared as text
  return number == 0 ? 0.0 : number;                  // one zero
}

bool is_canonical_bound(std::string_view value) {
  if (value == "+Inf") return true;
  // Most are short enough to be told by their digits: `0.005`, `2.5`, `100.0`.
  constexpr std::size_t kDigitsMax = 3;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::size_t point = value.find('.');
  if (point >= 1 && point <= kDigitsMax && value.size() - point - 1 <= kDigitsMax &&
      value.size() - point > 1 && std::ranges::all_of(value.substr(0, point), is_digit) &&
      std::ranges::all_of(value.substr(point + 1), is_digit)) {
    const bool has_zero_before = value[0] == '0' && point > 1;
    const bool has_zero_behind = value.back() == '0' && value.size() - point > 2;
    return !has_zero_before && !has_zero_behind;
  }
  return canonical_bound(value) == value;
}

std::string canonical_bound(std::string_view value) {
  const auto bound = bound_number(value);
  if (!bound) return std::string(value);
  if (std::isnan(*bound)) return "NaN";
  if (std::isinf(*bound)) return *bound > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> digits{};
  const auto end =
      std::to_chars(digits.begin(), digits.end(), *bound, std::chars_format::general).ptr;
  std::string text(digits.data(), end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::uint64_t label_hash(const base::SipKey& key, const LabelView& label, std::string_view bound) {
  if (label.value.empty()) return 0;
  if (label.name == bound) {
    if (const auto number = bound_number(label.value)) {
      return base::sip_hash(key, {reinterpret_cast<const char*>(&*number), sizeof *number});
    }
  }
  if (label.is_plain()) return base::sip_hash(key, label.whole());
  return base::sip_hash(key, std::string(label.name).append("=\"").append(label.value));
}

std::uint32_t fold_hash(std::string_view name, std::uint64_t sum) {
  sum += name.size();
  return static_cast<std::uint32_t>(sum ^ sum >> 32U);
}

std::uint32_t series_hash(const base::SipKey& key, FamilyType type, const SeriesView& series) {
  const std::string_view bound = bound_label(type);
  std::uint64_t sum = 0;
  std::string_view rest = series.labels;
  while (const auto label = take_label(rest)) sum += label_hash(key, *label, bound);
  return fold_hash(series.name, sum);
}

bool same_series(FamilyType type, const SeriesView& a, const SeriesView& b) {
  if (a.name != b.name) return false;
  if (a.labels == b.labels) return true;
  const std::string_view bound = bound_label(type);
  return label_set(bound, a.labels) == label_set(bound, b.labels);
}

bool take_metric_labels(FamilyType type, std::string_view labels, std::vector<LabelView>& out) {
  const std::string_view bound = bound_label(type);
  bool has_bound = false;
  out.clear();
  while (const auto label = take_label(labels)) {
    const bool is_bound = label->name == bound;
    has_bound |= is_bound;
    if (!is_bound && !label->value.empty()) out.push_back(*label);
  }
  return has_bound;
}

bool same_metric(FamilyType type, std::string_view a, std::string_view b) {
  const std::string_view bound = bound_label(type);
  std::string_view left = a;
  std::string_view right = b;
  for (;;) {  // mostly they are in one order
    const auto x = take_label_but(bound, left);
    const auto y = take_label_but(bound, right);
    if (!x && !y) return true;
    if (!x || !y || x->name != y->name || x->value != y->value) break;
  }
  return sorted_labels_but(bound, a) == sorted_labels_but(bound, b);
}

void SeriesSet::restart(FamilyType type, std::size_t expected_count) {
  constexpr std::size_t kRoomMax = 16'384;  // what is cheap to make and then hardly used
  type_ = type;
  ids_.restart(std::min(expected_count, kRoomMax));
  series_.clear();
}

}  // namespace prometheus_rsocket::exposition
