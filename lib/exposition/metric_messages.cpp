#include "exposition/metric_messages.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

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

// The years 1 to 9999, as the message is to have it; nothing for others. Milliseconds.
std::optional<std::int64_t> read_timestamp(std::string_view message) {
  constexpr std::int64_t kSecondsMin = -62'135'596'800;
  constexpr std::int64_t kSecondsMax = 253'402'300'799;
  std::uint64_t seconds = 0;
  std::uint64_t nanos = 0;
  const bool is_good = wire::read_message(message, [&](const wire::Field& field) {
    if (field.number == proto::timestamp::kSeconds) return wire::get(field, seconds);
    return field.number != proto::timestamp::kNanos || wire::get(field, nanos);
  });
  const auto whole = static_cast<std::int64_t>(seconds);
  const bool is_within = whole >= kSecondsMin && whole <= kSecondsMax && nanos < 1'000'000'000;
  if (!is_good || !is_within) return std::nullopt;
  return whole * 1000 + static_cast<std::int64_t>(nanos / 1'000'000);
}

bool is_timestamp(const wire::Field& field) {
  std::string_view message;
  return wire::get(field, message) && read_timestamp(message);
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

// What has to go together with a created timestamp or a native histogram.
bool is_kept(std::uint32_t number, bool is_native) {
  if (number == proto::histogram::kCount || number == proto::histogram::kSum ||
      number == proto::histogram::kCountFloat || number == proto::histogram::kCreated) {
    return true;
  }
  const bool is_of_native =
      (number >= proto::histogram::kSchema && number <= proto::histogram::kPositiveCount) ||
      number == proto::histogram::kExemplars;
  return is_native && is_of_native;
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
    if (field.number != proto::summary::kQuantile) return true;
    std::string_view bytes;
    return wire::get(field, bytes) && read_quantile(bytes, summary.bounds.emplace_back());
  });
  return is_good ? std::nullopt : kMalformed;
}

LineFailure read_histogram(std::string_view message, Structure& histogram) {
  NativeHistogram native;
  bool has_created = false;
  std::string exemplars;  // of the native histogram
  const bool is_good = wire::read_message(message, [&](const wire::Field& field) {
    std::string_view bytes;
    switch (field.number) {
      case proto::histogram::kCount:
        return wire::get(field, histogram.count.whole);
      case proto::histogram::kCountFloat:
        return wire::get(field, histogram.count.real);
      case proto::histogram::kSum:
        return wire::get(field, histogram.sum);
      case proto::histogram::kBucket:
        return wire::get(field, bytes) && read_bucket(bytes, histogram.bounds.emplace_back());
      case proto::histogram::kExemplars: {
        return wire::get(field, bytes) && append_exemplar(bytes, exemplars);
      }
      case proto::histogram::kCreated:
        has_created = true;
        return is_timestamp(field);
      default:
        return native.take(field);
    }
  });
  if (!is_good) return kMalformed;
  if (!is_utf8(exemplars)) return ScanReason::kNotUtf8;
  const bool is_native = native.is_native();
  if (is_native && !native.is_valid({histogram.count.whole, histogram.count.real, histogram.sum})) {
    return ScanReason::kHistogram;
  }
  const auto is_infinite = [](const Bound& bucket) { return bucket.at == kInfinity; };
  if ((!is_native || !histogram.bounds.empty()) &&
      std::ranges::none_of(histogram.bounds, is_infinite)) {
    Bound& rest = histogram.bounds.emplace_back();
    rest.at = kInfinity;
    rest.count = histogram.count;
  }
  if (!is_native && !has_created) return std::nullopt;
  wire::Reader reader(message);
  while (const auto field = reader.next()) {
    if (is_kept(field->number, is_native)) histogram.fields += field->whole;
  }
  return std::nullopt;
}

}  // namespace prometheus_rsocket::exposition
