#include "exposition/metric_encoder.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "exposition/label.h"
#include "exposition/lexical.h"
#include "exposition/line_writer.h"
#include "exposition/names.h"
#include "exposition/wire.h"

namespace prometheus_rsocket::exposition {
namespace {

// Numbers of fields, by message.
namespace field {
constexpr unsigned kFamilyMetric = 4;
constexpr unsigned kMetricLabel = 1;
constexpr unsigned kMetricGauge = 2;
constexpr unsigned kMetricCounter = 3;
constexpr unsigned kMetricSummary = 4;
constexpr unsigned kMetricUntyped = 5;
constexpr unsigned kMetricTimestamp = 6;
constexpr unsigned kMetricHistogram = 7;
constexpr unsigned kLabelName = 1;
constexpr unsigned kLabelValue = 2;
constexpr unsigned kValue = 1;  // of Counter, Gauge and Untyped
constexpr unsigned kCounterExemplar = 2;
constexpr unsigned kCounterCreated = 3;
constexpr unsigned kSampleCount = 1;  // of Histogram and Summary, as the next
constexpr unsigned kSampleSum = 2;
constexpr unsigned kSummaryQuantile = 3;
constexpr unsigned kSummaryCreated = 4;
constexpr unsigned kQuantileQuantile = 1;
constexpr unsigned kQuantileValue = 2;
constexpr unsigned kHistogramBucket = 3;
constexpr unsigned kHistogramCountFloat = 4;
constexpr unsigned kHistogramCreated = 15;
constexpr unsigned kBucketCount = 1;
constexpr unsigned kBucketUpperBound = 2;
constexpr unsigned kBucketExemplar = 3;
constexpr unsigned kBucketCountFloat = 4;
constexpr unsigned kExemplarLabel = 1;
constexpr unsigned kExemplarValue = 2;
constexpr unsigned kExemplarTimestamp = 3;
constexpr unsigned kTimestampSeconds = 1;  // google.protobuf.Timestamp
constexpr unsigned kTimestampNanos = 2;
}  // namespace field

std::optional<std::uint64_t> as_integer(double value) {
  constexpr double kMax = 9007199254740992;  // up to here doubles have all of them
  if (!(value >= 0 && value <= kMax) || value != std::trunc(value)) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

void append_unescaped(unsigned field_number, std::string_view text, std::string& out) {
  if (text.find('\\') == std::string_view::npos)
    return wire::append_string(field_number, text, out);
  wire::append_string(field_number, unescape(text), out);
}

void append_labels(unsigned field_number, std::string_view labels, std::string_view bound,
                   std::string& out) {
  while (const auto label = take_label(labels)) {
    if (label->name == bound) continue;
    wire::append_message(field_number, out, [&] {
      append_unescaped(field::kLabelName, label->name, out);
      append_unescaped(field::kLabelValue, label->value, out);
    });
  }
}

void append_timestamp(unsigned field_number, std::int64_t milliseconds, std::string& out) {
  std::int64_t seconds = milliseconds / 1000;
  std::int64_t rest = milliseconds % 1000;
  if (rest < 0) {  // nanos count forward
    rest += 1000;
    --seconds;
  }
  wire::append_message(field_number, out, [&] {
    wire::append_signed(field::kTimestampSeconds, seconds, out);
    wire::append_signed(field::kTimestampNanos, rest * 1'000'000, out);
  });
}

void append_count(unsigned field_number, unsigned float_field_number, double count,
                  std::string& out) {
  const auto integer = as_integer(count);
  if (integer) return wire::append_unsigned(field_number, *integer, out);
  wire::append_double(float_field_number, count, out);
}

std::optional<std::int64_t> timestamp_of(std::string_view text, Dialect dialect) {
  if (dialect == Dialect::kOpenMetrics) return milliseconds(text);
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);  // it was found good
  return value;
}

// The years that a google.protobuf.Timestamp may be of: 1 to 9999.
bool is_within_timestamp(std::int64_t milliseconds) {
  constexpr std::int64_t kMin = -62'135'596'800'000;
  constexpr std::int64_t kMax = 253'402'300'799'999;
  return milliseconds >= kMin && milliseconds <= kMax;
}

double bound_of(std::string_view labels, std::string_view name) {
  while (const auto label = take_label(labels)) {
    if (label->name == name) return number(label->value) + 0.0;  // zero has one sign
  }
  return 0;
}

// NaN before all others, since a reader may stop at the infinite one.
bool is_less(double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; }

}  // namespace

void MetricEncoder::encode(const MetricGroups& groups, std::size_t metric, MergeStats& stats,
                           std::string& out) {
  value_.reset();
  count_.reset();
  sum_.reset();
  bounds_.clear();
  created_.reset();
  for (auto at = groups.first(metric); at != MetricGroups::kNone; at = groups.member(at).next) {
    read(groups, groups.member(at), stats);
  }
  sort_bounds(stats);
  drop_unwritable(stats);
  if (is_empty(groups.type())) {
    if (created_) ++stats.unwritable_dropped;
    return;
  }
  wire::append_message(field::kFamilyMetric, out,
                       [&] { write(groups.type(), groups.labels(metric), out); });
}

void MetricEncoder::read(const MetricGroups& groups, const MetricGroups::Member& member,
                         MergeStats& stats) {
  const std::string_view text = groups.source().text;
  const Dialect dialect = groups.source().index->dialect;
  const LineRest rest = rest_of(text, dialect, *member.sample);
  if (member.part == MetricPart::kCreated) return read_created(rest, stats);
  const bool has_timestamp = !rest.timestamp.empty() && format_.honor_timestamps;
  Value value{.number = number(rest.value),
              .timestamp = has_timestamp ? timestamp_of(rest.timestamp, dialect) : std::nullopt,
              .rest = rest,
              .has_exemplar = keeps_exemplar(member.sample->name(text), rest)};
  const bool is_count_of_summary =
      groups.type() == FamilyType::kSummary && member.part == MetricPart::kCount;
  value.is_writable =
      !(is_count_of_summary && !as_integer(value.number)) && !(has_timestamp && !value.timestamp);
  if (member.part == MetricPart::kValue) return keep(value_, value, stats);
  if (member.part == MetricPart::kCount) return keep(count_, value, stats);
  if (member.part == MetricPart::kSum) return keep(sum_, value, stats);
  bounds_.push_back({bound_of(member.sample->labels(text), bound_label(groups.type())), value});
}

void MetricEncoder::read_created(const LineRest& rest, MergeStats& stats) {
  const auto created = milliseconds(rest.value);
  if (!created || !is_within_timestamp(*created)) {
    ++stats.unwritable_dropped;
  } else if (created_) {
    ++stats.duplicates_dropped;
  } else {
    created_ = created;
  }
}

void MetricEncoder::keep(std::optional<Value>& place, const Value& value, MergeStats& stats) {
  if (place) {
    ++stats.duplicates_dropped;
  } else {
    place = value;
  }
}

void MetricEncoder::drop_unwritable(MergeStats& stats) {
  for (auto* const value : {&value_, &count_, &sum_}) {
    if (!*value || (*value)->is_writable) continue;
    ++stats.unwritable_dropped;
    value->reset();
  }
  stats.unwritable_dropped +=
      std::erase_if(bounds_, [](const Bounded& bounded) { return !bounded.value.is_writable; });
}

// Nothing compares as less than any number.
std::optional<std::int64_t> MetricEncoder::timestamp() const {
  std::optional<std::int64_t> latest;
  for (const auto* const value : {&value_, &count_, &sum_}) {
    if (*value) latest = std::max(latest, (*value)->timestamp);
  }
  for (const Bounded& bounded : bounds_) latest = std::max(latest, bounded.value.timestamp);
  return latest;
}

void MetricEncoder::sort_bounds(MergeStats& stats) {
  const auto before = [](const Bounded& a, const Bounded& b) { return is_less(a.bound, b.bound); };
  const auto is_same = [&](const Bounded& a, const Bounded& b) { return !before(a, b); };
  std::stable_sort(bounds_.begin(), bounds_.end(), before);
  const auto end = std::unique(bounds_.begin(), bounds_.end(), is_same);
  stats.duplicates_dropped += static_cast<std::uint64_t>(bounds_.end() - end);
  bounds_.erase(end, bounds_.end());
}

bool MetricEncoder::is_empty(FamilyType type) const {
  return is_structural(type) ? !count_ && !sum_ && bounds_.empty() : !value_;
}

void MetricEncoder::write(FamilyType type, std::string_view labels, std::string& out) const {
  append_labels(field::kMetricLabel, labels, bound_label(type), out);
  if (type == FamilyType::kSummary) {
    write_summary(out);
  } else if (type == FamilyType::kHistogram) {
    write_histogram(out);
  } else {
    write_scalar(type, out);
  }
  if (const auto time = timestamp()) wire::append_signed(field::kMetricTimestamp, *time, out);
}

void MetricEncoder::write_scalar(FamilyType type, std::string& out) const {
  const bool is_counter = type == FamilyType::kCounter;
  const unsigned field_number = is_counter                     ? field::kMetricCounter
                                : type == FamilyType::kUntyped ? field::kMetricUntyped
                                                               : field::kMetricGauge;
  wire::append_message(field_number, out, [&] {
    wire::append_double(field::kValue, value_->number, out);
    if (!is_counter) return;
    write_exemplar(field::kCounterExemplar, *value_, out);
    if (created_) append_timestamp(field::kCounterCreated, *created_, out);
  });
}

void MetricEncoder::write_summary(std::string& out) const {
  wire::append_message(field::kMetricSummary, out, [&] {
    if (count_) wire::append_unsigned(field::kSampleCount, *as_integer(count_->number), out);
    if (sum_) wire::append_double(field::kSampleSum, sum_->number, out);
    for (const Bounded& quantile : bounds_) {
      wire::append_message(field::kSummaryQuantile, out, [&] {
        wire::append_double(field::kQuantileQuantile, quantile.bound, out);
        wire::append_double(field::kQuantileValue, quantile.value.number, out);
      });
    }
    if (created_) append_timestamp(field::kSummaryCreated, *created_, out);
  });
}

void MetricEncoder::write_histogram(std::string& out) const {
  wire::append_message(field::kMetricHistogram, out, [&] {
    if (count_) {
      append_count(field::kSampleCount, field::kHistogramCountFloat, count_->number, out);
    }
    if (sum_) wire::append_double(field::kSampleSum, sum_->number, out);
    for (const Bounded& bucket : bounds_) {
      wire::append_message(field::kHistogramBucket, out, [&] {
        append_count(field::kBucketCount, field::kBucketCountFloat, bucket.value.number, out);
        wire::append_double(field::kBucketUpperBound, bucket.bound, out);
        write_exemplar(field::kBucketExemplar, bucket.value, out);
      });
    }
    if (created_) append_timestamp(field::kHistogramCreated, *created_, out);
  });
}

// One that breaks a rule is left out, and the sample stays.
void MetricEncoder::write_exemplar(unsigned field_number, const Value& value,
                                   std::string& out) const {
  if (!value.has_exemplar) return;
  const LineRest& rest = value.rest;
  std::string escaped;
  const auto labels = escape_labels(rest.exemplar_labels, format_.escaping, escaped);
  std::optional<std::int64_t> timestamp;
  if (!rest.exemplar_timestamp.empty()) {
    timestamp = milliseconds(rest.exemplar_timestamp);
    if (!timestamp || !is_within_timestamp(*timestamp)) return;
  }
  if (!labels) return;
  wire::append_message(field_number, out, [&] {
    append_labels(field::kExemplarLabel, *labels, {}, out);
    wire::append_double(field::kExemplarValue, number(rest.exemplar_value), out);
    if (timestamp) append_timestamp(field::kExemplarTimestamp, *timestamp, out);
  });
}

}  // namespace prometheus_rsocket::exposition
