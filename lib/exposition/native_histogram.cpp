#include "exposition/native_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "exposition/metrics_proto.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr std::int32_t kSchemaMin = -4;
constexpr std::int32_t kSchemaMax = 8;

// Of a sint32, which readers cut before anything else.
std::int32_t zigzag32(std::uint64_t varint) {
  return static_cast<std::int32_t>(wire::zigzag(static_cast<std::uint32_t>(varint)));
}

}  // namespace

bool NativeHistogram::take(const wire::Field& field) {
  switch (field.number) {
    case proto::histogram::kSchema:
      schema_ = zigzag32(field.value);
      return field.type == wire::Type::kVarint;
    case proto::histogram::kZeroThreshold:
      return wire::get(field, zero_threshold_);
    case proto::histogram::kZeroCount:
      return wire::get(field, zero_count_);
    case proto::histogram::kZeroCountFloat:
      return wire::get(field, zero_count_float_);
    case proto::histogram::kNegativeSpan:
      return take_span(field, negative_);
    case proto::histogram::kNegativeDelta:
      return take_deltas(field, negative_);
    case proto::histogram::kNegativeCount:
      return take_counts(field, negative_);
    case proto::histogram::kPositiveSpan:
      return take_span(field, positive_);
    case proto::histogram::kPositiveDelta:
      return take_deltas(field, positive_);
    case proto::histogram::kPositiveCount:
      return take_counts(field, positive_);
    default:
      return true;
  }
}

bool NativeHistogram::take_span(const wire::Field& field, Side& side) {
  if (field.type != wire::Type::kLengthDelimited || side.spans.size() == kPartsMax) return false;
  Span& span = side.spans.emplace_back();
  return wire::read_message(field.bytes, [&](const wire::Field& part) {
    std::uint64_t value = 0;
    if (part.number == proto::span::kOffset) {
      const bool is_good = wire::get(part, value);
      span.offset = zigzag32(value);
      return is_good;
    }
    if (part.number != proto::span::kLength) return true;
    span.length = static_cast<std::uint32_t>(part.value);
    return wire::get(part, value);
  });
}

// Packed or one by one: readers take both.
bool NativeHistogram::take_deltas(const wire::Field& field, Side& side) {
  if (side.deltas.size() >= kPartsMax) return false;
  if (field.type == wire::Type::kVarint) {
    side.deltas.push_back(wire::zigzag(field.value));
    return true;
  }
  if (field.type != wire::Type::kLengthDelimited) return false;
  for (std::string_view rest = field.bytes; !rest.empty();) {
    if (side.deltas.size() == kPartsMax) return false;
    const auto value = wire::take_varint(rest);
    if (!value) return false;
    side.deltas.push_back(wire::zigzag(*value));
  }
  return true;
}

bool NativeHistogram::take_counts(const wire::Field& field, Side& side) {
  if (side.counts.size() >= kPartsMax) return false;
  if (field.type == wire::Type::kFixed64) {
    side.counts.push_back(wire::as_double(field.value));
    return true;
  }
  if (field.type != wire::Type::kLengthDelimited) return false;
  const std::size_t count = field.bytes.size() / sizeof(double);
  if (field.bytes.size() % sizeof(double) != 0 || count > kPartsMax - side.counts.size()) {
    return false;
  }
  for (std::size_t at = 0; at < field.bytes.size(); at += sizeof(double)) {
    side.counts.push_back(wire::as_double(wire::fixed(field.bytes.substr(at, sizeof(double)))));
  }
  return true;
}

bool NativeHistogram::is_native() const {
  return !positive_.spans.empty() || !negative_.spans.empty() || zero_threshold_ > 0 ||
         zero_count_ > 0;
}

bool NativeHistogram::is_valid(const Totals& totals) const {
  if (schema_ < kSchemaMin || schema_ > kSchemaMax) return false;
  const bool has_float_total = totals.count_float > 0 || zero_count_float_ > 0;
  const bool has_float_counts = !positive_.counts.empty() || !negative_.counts.empty();
  if (has_float_total || has_float_counts) {
    if (!is_valid_as_float(totals)) return false;
    if (has_float_total) return true;
  }
  return is_valid_as_integer(totals);
}

bool NativeHistogram::is_valid_as_float(const Totals& totals) const {
  const auto is_negative = [](double count) { return count < 0; };
  return spans_fit(positive_.spans, positive_.counts.size()) &&
         spans_fit(negative_.spans, negative_.counts.size()) &&
         std::ranges::none_of(positive_.counts, is_negative) &&
         std::ranges::none_of(negative_.counts, is_negative) && !(zero_count_float_ < 0) &&
         !(totals.count_float < 0);
}

bool NativeHistogram::is_valid_as_integer(const Totals& totals) const {
  std::uint64_t count = zero_count_;
  const bool are_good = spans_fit(positive_.spans, positive_.deltas.size()) &&
                        spans_fit(negative_.spans, negative_.deltas.size()) &&
                        add_deltas(positive_.deltas, count) && add_deltas(negative_.deltas, count);
  if (!are_good) return false;
  return std::isnan(totals.sum) ? count <= totals.count : count == totals.count;
}

bool NativeHistogram::spans_fit(const std::vector<Span>& spans, std::size_t buckets) {
  std::int64_t end = 0;
  std::uint64_t needed = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const Span& span = spans[i];
    const bool is_behind =
        i == 0 ? span.offset != std::numeric_limits<std::int32_t>::min() : span.offset >= 0;
    needed += span.length;
    end += std::int64_t{span.offset} + span.length;
    // Where empty spans and buckets are removed, offsets behind the first add up.
    const std::int64_t reach = end - std::int64_t{spans[0].offset};
    constexpr std::int64_t kMax = std::numeric_limits<std::int32_t>::max();
    if (!is_behind || end - 1 > kMax || reach > kMax) return false;
  }
  return needed == buckets;
}

// In 64 bits that wrap, as Go's do.
bool NativeHistogram::add_deltas(const std::vector<std::int64_t>& deltas, std::uint64_t& count) {
  std::uint64_t bucket = 0;
  for (const std::int64_t delta : deltas) {
    bucket += static_cast<std::uint64_t>(delta);
    if (static_cast<std::int64_t>(bucket) < 0) return false;
    count += bucket;
  }
  return true;
}

}  // namespace prometheus_rsocket::exposition
