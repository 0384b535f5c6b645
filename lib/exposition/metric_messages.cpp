#include "exposition/metric_messages.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "exposition/label.h"
#include "exposition/lexical.h"
#include "exposition/line_writer.h"
#include "exposition/metrics_proto.h"
#include "exposition/names.h"
#include "exposition/native_histogram.h"
#include "exposition/wire.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr LineFailure kMalformed = ScanReason::kProtobuf;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Milliseconds; nothing where it is none.
std::optional<std::int64_t> read_timestamp(std::string_view message) {
  std::uint64_t seconds = 0;
  std::uint64_t nanos = 0;
  const bool is_good = wire::read_message(message, [&](const wire::Field& field) {
    if (field.number == proto::timestamp::kSeconds) return wire::get(field, seconds);
    return field.number != proto::timestamp::kNanos || wire::get(field, nanos);
  });
  const auto whole = static_cast<std::int64_t>(seconds);
  const bool is_within = whole >= proto::timestamp::kSecondsMin &&
                         whole <= proto::timestamp::kSecondsMax && nanos < 1'000'000'000;
  if (!is_good || !is_within) return std::nullopt;
  return whole * 1000 + static_cast<std::int64_t>(nanos / 1'000'000);
}

bool is_timestamp(const wire::Field& field) {
  std::string_view message;
  return wire::get(field, message) && read_timestamp(message);
}

// What has to go together with a created timestamp or a native histogram.
bool is_kept(std::uint32_t number, bool is_native) {
  switch (number) {
    case proto::histogram::kCount:
    case proto::histogram::kSum:
    case proto::histogram::kCountFloat:
    case proto::histogram::kCreated:
      return true;
    case proto::histogram::kExemplars:
      return is_native;
    default:
      return is_native && number >= proto::histogram::kSchema &&
             number <= proto::histogram::kPositiveCount;
  }
}

// Of a native histogram: what would be refused at a bucket is here, too, and `is_kept` is false for
// what not every page has room for.
LineFailure judge_exemplar(const wire::Field& field, bool& is_kept) {
  std::string line = " 0";
  std::string_view message;
  LineRest rest;
  if (!wire::get(field, message) || !append_exemplar(message, line)) return kMalformed;
  if (!is_utf8(line)) return ScanReason::kNotUtf8;
  if (const LineFailure failure = read_rest(line, Dialect::kProtobuf, rest)) return failure;
  is_kept = keeps_exemplar("_bucket", rest);
  for (std::string_view labels = rest.exemplar_labels; const auto label = take_label(labels);) {
    is_kept &= is_legacy_name(label->name, NameKind::kLabel);
  }
  return std::nullopt;
}

// NaN is what it always is on pages: others mean something to Prometheus.
void append_kept(const wire::Field& field, std::string& out) {
  if (field.number == proto::histogram::kSum) {
    wire::append_double(field.number, wire::as_double(field.value), out);
  } else {
    out += field.whole;
  }
}

}  // namespace

void append_number(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    std::array<char, 32> digits{};
    out.append(digits.data(), std::to_chars(digits.begin(), digits.end(), value).ptr);
  }
}

void append_seconds(std::int64_t milliseconds, std::string& out) {
  if (milliseconds < 0) out += '-';
  const auto size = static_cast<std::uint64_t>(milliseconds);
  out += openmetrics_timestamp(std::to_string(milliseconds < 0 ? 0 - size : size));
}

bool append_label(std::string_view pair, std::string& out) {
  std::string_view name;
  std::string_view value;
  const bool is_good = wire::read_message(pair, [&](const wire::Field& field) {
    if (field.number == proto::label::kName) return wire::get(field, name);
    if (field.number == proto::label::kValue) return wire::get(field, value);
    return true;
  });
  append_name(escape(name), NameKind::kLabel, out);
  out.append("=\"").append(escape(value)) += "\",";
  return is_good;
}

bool append_exemplar(std::string_view message, std::string& out) {
  double value = 0;
  std::optional<std::string_view> timestamp;
  out += " # {";
  const bool is_good = wire::read_message(message, [&](const wire::Field& field) {
    std::string_view label;
    if (field.number == proto::exemplar::kLabel) {
      return wire::get(field, label) && append_label(label, out);
    }
    if (field.number == proto::exemplar::kValue) return wire::get(field, value);
    return field.number != proto::exemplar::kTimestamp || wire::get(field, timestamp);
  });
  if (!is_good) return false;
  if (out.ends_with(',')) out.pop_back();
  out += "} ";
  append_number(value, out);
  if (!timestamp) return true;
  const auto milliseconds = read_timestamp(*timestamp);
  if (!milliseconds) return false;
  out += ' ';
  append_seconds(*milliseconds, out);
  return true;
}

void Count::append_to(std::string& out) const {
  if (real != 0) return append_number(real, out);  // NaN, too
  out += std::to_string(whole);
}

bool read_bucket(std::string_view message, Bound& bucket) {
  return wire::read_message(message, [&](const wire::Field& field) {
    if (field.number == proto::bucket::kCount) return wire::get(field, bucket.count.whole);
    if (field.number == proto::bucket::kCountFloat) return wire::get(field, bucket.count.real);
    if (field.number == proto::bucket::kUpperBound) return wire::get(field, bucket.at);
    return field.number != proto::bucket::kExemplar || wire::get(field, bucket.exemplar);
  });
}

bool read_quantile(std::string_view message, Bound& quantile) {
  return wire::read_message(message, [&](const wire::Field& field) {
    if (field.number == proto::quantile::kQuantile) return wire::get(field, quantile.at);
    return field.number != proto::quantile::kValue || wire::get(field, quantile.value);
  });
}

LineFailure read_scalar(std::string_view message, bool is_counter, Scalar& scalar) {
  const bool is_good = wire::read_message(message, [&](const wire::Field& field) {
    if (field.number == proto::counter::kValue) return wire::get(field, scalar.value);
    if (!is_counter) return true;
    if (field.number == proto::counter::kExemplar) return wire::get(field, scalar.exemplar);
    if (field.number != proto::counter::kCreated) return true;
    scalar.fields += field.whole;
    return is_timestamp(field);
  });
  return is_good ? std::nullopt : kMalformed;
}

LineFailure read_summary(std::string_view message, Structure& summary) {
  const bool is_good = wire::read_message(message, [&](const wire::Field& field) {
    if (field.number == proto::summary::kCount) return wire::get(field, summary.count.whole);
    if (field.number == proto::summary::kSum) return wire::get(field, summary.sum);
    if (field.number == proto::summary::kCreated) {
      summary.fields += field.whole;
      return is_timestamp(field);
    }
    return true;
  });
  return is_good ? std::nullopt : kMalformed;
}

LineFailure read_histogram(std::string_view message, Structure& histogram) {
  NativeHistogram native;
  bool has_created = false;
  bool has_buckets = false;
  bool has_infinite = false;
  const bool is_good = wire::read_message(message, [&](const wire::Field& field) {
    std::string_view bytes;
    switch (field.number) {
      case proto::histogram::kCount:
        return wire::get(field, histogram.count.whole);
      case proto::histogram::kCountFloat:
        return wire::get(field, histogram.count.real);
      case proto::histogram::kSum:
        return wire::get(field, histogram.sum);
      case proto::histogram::kBucket: {
        Bound bucket;
        const bool is_bucket = wire::get(field, bytes) && read_bucket(bytes, bucket);
        has_buckets = true;
        has_infinite |= bucket.at == kInfinity;
        return is_bucket;
      }
      case proto::histogram::kCreated:
        has_created = true;
        return is_timestamp(field);
      default:
        return native.take(field);
    }
  });
  if (!is_good) return kMalformed;
  const bool is_native = native.is_native();
  if (is_native && !native.is_valid({histogram.count.whole, histogram.count.real, histogram.sum})) {
    return ScanReason::kHistogram;
  }
  histogram.lacks_infinite_bucket = !has_infinite && (has_buckets || !is_native);
  if (!is_native && !has_created) return std::nullopt;
  wire::Reader reader(message);
  while (const auto field = reader.next()) {
    bool keeps = is_kept(field->number, is_native);
    if (keeps && field->number == proto::histogram::kExemplars) {
      if (const LineFailure failure = judge_exemplar(*field, keeps)) return failure;
    }
    if (keeps) append_kept(*field, histogram.fields);
  }
  return std::nullopt;
}

}  // namespace prometheus_rsocket::exposition
