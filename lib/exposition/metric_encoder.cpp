#include "exposition/metric_encoder.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "exposition/label.h"
#include "exposition/lexical.h"
#include "exposition/line_writer.h"
#include "exposition/metrics_proto.h"
#include "exposition/names.h"
#include "exposition/wire.h"

namespace prometheus_rsocket::exposition {
namespace {

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
      append_unescaped(proto::label::kName, label->name, out);
      append_unescaped(proto::label::kValue, label->value, out);
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
    wire::append_signed(proto::timestamp::kSeconds, seconds, out);
    wire::append_signed(proto::timestamp::kNanos, rest * 1'000'000, out);
  });
}

void append_count(unsigned field_number, unsigned float_field_number, double count,
                  std::string& out) {
  const auto integer = as_integer(count);
  if (integer) return wire::append_unsigned(field_number, *integer, out);
  wire::append_double(float_field_number, count, out);
}

std::optional<std::int64_t> timestamp_of(std::string_view text, Dialect dialect) {
  if (dialect != Dialect::kText) return milliseconds(text);
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);  // it was found good
  return value;
}

bool is_within_timestamp(std::int64_t milliseconds) {
  return milliseconds >= proto::timestamp::kSecondsMin * 1000 &&
         milliseconds < (proto::timestamp::kSecondsMax + 1) * 1000;
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
  fields_ = {};
  for (auto at = groups.first(metric); at != MetricGroups::kNone; at = groups.member(at).next) {
    read(groups, groups.member(at), stats);
  }
  sort_bounds(stats);
  drop_unwritable(stats);
  if (is_empty(groups.type())) {
    if (created_) ++stats.unwritable_dropped;
    return;
  }
  wire::append_message(proto::family::kMetric, out,
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
  const bool has_fields = member.part == MetricPart::kCount || member.part == MetricPart::kValue;
  if (has_fields && !value_ && !count_) {
    const char* const begin = member.sample->line(text).data();
    fields_ = groups.source().index->protobuf_fields.of(
        static_cast<std::size_t>(begin - text.data()), groups.type());
  }
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
  append_labels(proto::metric::kLabel, labels, bound_label(type), out);
  if (type == FamilyType::kSummary) {
    write_summary(out);
  } else if (type == FamilyType::kHistogram) {
    write_histogram(out);
  } else {
    write_scalar(type, out);
  }
  if (const auto time = timestamp()) wire::append_signed(proto::metric::kTimestamp, *time, out);
}

void MetricEncoder::write_scalar(FamilyType type, std::string& out) const {
  const bool is_counter = type == FamilyType::kCounter;
  const unsigned field_number = is_counter                     ? proto::metric::kCounter
                                : type == FamilyType::kUntyped ? proto::metric::kUntyped
                                                               : proto::metric::kGauge;
  wire::append_message(field_number, out, [&] {
    wire::append_double(proto::counter::kValue, value_->number, out);
    if (!is_counter) return;
    write_exemplar(proto::counter::kExemplar, *value_, out);
    out += fields_;
    if (created_) append_timestamp(proto::counter::kCreated, *created_, out);
  });
}

void MetricEncoder::write_summary(std::string& out) const {
  wire::append_message(proto::metric::kSummary, out, [&] {
    if (count_) wire::append_unsigned(proto::summary::kCount, *as_integer(count_->number), out);
    if (sum_) wire::append_double(proto::summary::kSum, sum_->number, out);
    for (const Bounded& quantile : bounds_) {
      wire::append_message(proto::summary::kQuantile, out, [&] {
        wire::append_double(proto::quantile::kQuantile, quantile.bound, out);
        wire::append_double(proto::quantile::kValue, quantile.value.number, out);
      });
    }
    out += fields_;
    if (created_) append_timestamp(proto::summary::kCreated, *created_, out);
  });
}

void MetricEncoder::write_histogram(std::string& out) const {
  wire::append_message(proto::metric::kHistogram, out, [&] {
    out += fields_;  // count and sum are among them
    if (count_ && fields_.empty()) {
      append_count(proto::histogram::kCount, proto::histogram::kCountFloat, count_->number, out);
    }
    if (sum_ && fields_.empty()) wire::append_double(proto::histogram::kSum, sum_->number, out);
    for (const Bounded& bucket : bounds_) {
      wire::append_message(proto::histogram::kBucket, out, [&] {
        append_count(proto::bucket::kCount, proto::bucket::kCountFloat, bucket.value.number, out);
        wire::append_double(proto::bucket::kUpperBound, bucket.bound, out);
        write_exemplar(proto::bucket::kExemplar, bucket.value, out);
      });
    }
    if (created_) append_timestamp(proto::histogram::kCreated, *created_, out);
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
    append_labels(proto::exemplar::kLabel, *labels, {}, out);
    wire::append_double(proto::exemplar::kValue, number(rest.exemplar_value), out);
    if (timestamp) append_timestamp(proto::exemplar::kTimestamp, *timestamp, out);
  });
}

}  // namespace prometheus_rsocket::exposition
