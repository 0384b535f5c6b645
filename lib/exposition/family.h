// What a metric family is, whatever format it came in: its type and the sample names it owns.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace prometheus_rsocket::exposition {

enum class FamilyType : std::uint8_t { kUntyped, kCounter, kGauge, kHistogram, kSummary };

// The word after the name in a TYPE line of text 0.0.4.
[[nodiscard]] constexpr std::string_view type_name(FamilyType type) {
  constexpr std::array<std::string_view, 5> kNames = {"untyped", "counter", "gauge", "histogram",
                                                      "summary"};
  return kNames[static_cast<std::size_t>(type)];
}

// A structural family is made of several sample names; a scalar one of its own name alone.
[[nodiscard]] constexpr bool is_structural(FamilyType type) {
  return type == FamilyType::kHistogram || type == FamilyType::kSummary;
}

inline constexpr std::array<std::string_view, 3> kSuffixes = {"_sum", "_count", "_bucket"};

// The suffixes whose samples belong to a family of this type (Prometheus "Exposition formats",
// "Histograms and summaries"); the family's plain name belongs to it always.
[[nodiscard]] constexpr std::span<const std::string_view> suffixes(FamilyType type) {
  if (type == FamilyType::kHistogram) return kSuffixes;
  if (type == FamilyType::kSummary) return std::span(kSuffixes).first(2);
  return {};
}

// The label whose value is a number in a family of this type; empty for none.
[[nodiscard]] constexpr std::string_view bound_label(FamilyType type) {
  if (type == FamilyType::kHistogram) return "le";
  return type == FamilyType::kSummary ? "quantile" : "";
}

// The name without the suffix that some structural type gives its samples; empty when it has none.
[[nodiscard]] constexpr std::string_view structural_base(std::string_view sample_name) {
  for (const std::string_view suffix : suffixes(FamilyType::kHistogram)) {
    if (sample_name.size() > suffix.size() && sample_name.ends_with(suffix)) {
      return sample_name.substr(0, sample_name.size() - suffix.size());
    }
  }
  return {};
}

// Whether base + suffix is a sample name of a family called base. REQUIRES: sample_name starts with
// base.
[[nodiscard]] constexpr bool owns_suffix(FamilyType type, std::string_view base,
                                         std::string_view sample_name) {
  for (const std::string_view suffix : suffixes(type)) {
    if (sample_name.substr(base.size()) == suffix) return true;
  }
  return false;
}

}  // namespace prometheus_rsocket::exposition
