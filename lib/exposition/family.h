// What a metric family is, whatever format it came in: its type and the sample names it owns.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace prometheus_rsocket::exposition {

enum class FamilyType : std::uint8_t {
  kUntyped,
  kCounter,
  kGauge,
  kHistogram,
  kSummary,
  kInfo,  // this and the next in OpenMetrics alone
  kStateSet,
};

// The same where there are only the types of text: those of OpenMetrics alone are gauges.
[[nodiscard]] constexpr FamilyType text_type(FamilyType type) {
  const bool is_gauge = type == FamilyType::kInfo || type == FamilyType::kStateSet;
  return is_gauge ? FamilyType::kGauge : type;
}

// The word after the name in a TYPE line of text. REQUIRES: text_type(type) == type.
[[nodiscard]] constexpr std::string_view type_name(FamilyType type) {
  constexpr std::array<std::string_view, 5> kNames = {"untyped", "counter", "gauge", "histogram",
                                                      "summary"};
  return kNames[static_cast<std::size_t>(type)];
}

// The same in OpenMetrics.
[[nodiscard]] constexpr std::string_view openmetrics_type_name(FamilyType type) {
  constexpr std::array<std::string_view, 7> kNames = {"unknown", "counter", "gauge",   "histogram",
                                                      "summary", "info",    "stateset"};
  return kNames[static_cast<std::size_t>(type)];
}

// What OpenMetrics adds to a family's name for its samples, where it has a sample of one kind
// alone; text has it in the family's name.
[[nodiscard]] constexpr std::string_view openmetrics_suffix(FamilyType type) {
  if (type == FamilyType::kCounter) return "_total";
  return type == FamilyType::kInfo ? "_info" : "";
}

// The samples of OpenMetrics' gauge histograms, each a gauge to us.
inline constexpr std::array<std::string_view, 3> kGaugeHistogramSuffixes = {"_bucket", "_gcount",
                                                                            "_gsum"};

// When a counter, or each of a histogram's or summary's metrics, began. OpenMetrics alone.
inline constexpr std::string_view kCreatedSuffix = "_created";

// A structural family is made of several sample names; a scalar one of its own name alone.
[[nodiscard]] constexpr bool is_structural(FamilyType type) {
  return type == FamilyType::kHistogram || type == FamilyType::kSummary;
}

inline constexpr std::array<std::string_view, 3> kSuffixes = {"_sum", "_count", "_bucket"};

// Of a structural family's samples the one that may be negative.
[[nodiscard]] constexpr bool is_sum(std::string_view sample_name) {
  return sample_name.ends_with(kSuffixes[0]);
}

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
