#include "exposition/protobuf_reader.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "exposition/family.h"
#include "exposition/metric_messages.h"
#include "exposition/metrics_proto.h"
#include "exposition/names.h"
#include "exposition/wire.h"

namespace prometheus_rsocket::exposition {
namespace {

using Failure = LineFailure;
constexpr Failure kMalformed = ScanReason::kProtobuf;

struct Metric {
  std::string labels;                     // with a comma after each
  std::optional<std::string_view> value;  // the message of the family's type
  std::int64_t timestamp = 0;             // milliseconds; 0 for none
};

// The field of Metric in which a type has its message.
unsigned value_field(std::uint64_t type) {
  constexpr std::array kFields = {proto::metric::kCounter,   proto::metric::kGauge,
                                  proto::metric::kSummary,   proto::metric::kUntyped,
                                  proto::metric::kHistogram, proto::metric::kHistogram};
  return kFields[type];
}

FamilyType family_type(std::uint64_t type) {
  constexpr std::array kTypes = {FamilyType::kCounter, FamilyType::kGauge, FamilyType::kSummary,
                                 FamilyType::kUntyped, FamilyType::kHistogram};
  return kTypes[type];
}

class Transcriber {
 public:
  explicit Transcriber(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  Failure take(std::string_view message) {
    ++number_;
    const std::size_t before = lines_;
    const Failure failure = take_family(message);
    if (lines_ > before) transcript_.messages.push_back({lines_, number_});
    return failure;
  }

  Transcript finish() && { return std::move(transcript_); }

 private:
  Failure take_family(std::string_view message) {
    name_ = help_ = unit_ = {};
    type_ = proto::kCounter;
    bool has_metrics = false;
    const bool is_good = wire::read_message(message, [&](const wire::Field& field) {
      if (field.number == proto::family::kName) return wire::get(field, name_);
      if (field.number == proto::family::kHelp) return wire::get(field, help_);
      if (field.number == proto::family::kType) return wire::get(field, type_);
      has_metrics |= field.number == proto::family::kMetric;
      return field.number != proto::family::kUnit || wire::get(field, unit_);
    });
    if (!is_good || type_ > proto::kGaugeHistogram) return kMalformed;
    if (!has_metrics) return std::nullopt;
    if (name_.empty()) return ScanReason::kMetricName;
    escaped_name_ = escape(name_);
    is_legacy_ = is_legacy_name(escaped_name_, NameKind::kMetric);
    if (type_ != proto::kGaugeHistogram) return write_family(message, "", family_type(type_));
    for (const std::string_view suffix : kGaugeHistogramSuffixes) {
      const Failure failure = write_family(message, suffix, FamilyType::kGauge);
      if (failure) return failure;
    }
    return std::nullopt;
  }

  // With a suffix: the samples that have it, as a family of their own.
  Failure write_family(std::string_view message, std::string_view suffix, FamilyType type) {
    suffix_ = suffix;
    Failure failure = write_head(type);
    if (failure) return failure;
    static_cast<void>(wire::read_message(message, [&](const wire::Field& field) {
      if (field.number == proto::family::kMetric) failure = take_metric(field);
      return !failure;
    }));
    return failure;
  }

  std::string& text() { return transcript_.text; }

  Failure write_head(FamilyType type) {
    std::string name = escaped_name_ + std::string(suffix_);
    write_metadata("# TYPE ", name, openmetrics_type_name(type));
    if (!help_.empty()) write_metadata("# HELP ", name, escape(help_));
    std::string_view base = name;  // OpenMetrics' rule is about it without `_total`
    if (base.ends_with(openmetrics_suffix(type))) {
      base.remove_suffix(openmetrics_suffix(type).size());
    }
    const std::string unit = escape(unit_);
    if (!unit.empty() && base.ends_with('_' + unit)) write_metadata("# UNIT ", name, unit);
    return is_too_long();
  }

  void write_metadata(std::string_view keyword, std::string_view name, std::string_view word) {
    text() += keyword;
    append_name(name, NameKind::kMetric, text());
    (text() += ' ') += word;
    end_line();
  }

  void end_line() {
    text() += '\n';
    ++lines_;
  }

  [[nodiscard]] Failure is_too_long() const {
    return transcript_.text.size() > bytes_max_ ? Failure(ScanReason::kTooLong) : std::nullopt;
  }

  Failure take_metric(const wire::Field& metric_field) {
    std::string_view message;
    Metric metric;
    std::uint64_t timestamp = 0;
    bool is_of_type = true;
    const bool is_good = wire::get(metric_field, message) &&
                         wire::read_message(message, [&](const wire::Field& field) {
                           std::string_view label;
                           if (field.number == proto::metric::kLabel) {
                             return wire::get(field, label) && append_label(label, metric.labels);
                           }
                           if (field.number == proto::metric::kTimestamp)
                             return wire::get(field, timestamp);
                           if (field.number == value_field(type_))
                             return wire::get(field, metric.value);
                           is_of_type &= field.number > proto::metric::kHistogram;
                           return true;
                         });
    if (!is_good) return kMalformed;
    if (!is_of_type) return ScanReason::kType;
    metric.timestamp = static_cast<std::int64_t>(timestamp);
    return write_metric(metric);
  }

  Failure write_metric(const Metric& metric) {
    const std::string_view value = metric.value.value_or("");
    switch (type_) {
      case proto::kSummary:
        return write_summary(metric, value);
      case proto::kHistogram:
      case proto::kGaugeHistogram:
        return write_histogram(metric, value);
      default:
        return write_scalar(metric, value);
    }
  }

  Failure write_scalar(const Metric& metric, std::string_view message) {
    Scalar scalar;
    const bool is_counter = type_ == proto::kCounter;
    if (const Failure failure = read_scalar(message, is_counter, scalar)) return failure;
    return write_line(metric, {.fields = scalar.fields, .exemplar = scalar.exemplar},
                      [&](std::string& out) { append_number(scalar.value, out); });
  }

  Failure write_summary(const Metric& metric, std::string_view message) {
    Structure summary;
    if (const Failure failure = read_summary(message, summary)) return failure;
    const Failure failure =
        write_bounds(message, proto::summary::kQuantile, [&](std::string_view bytes) {
          Bound quantile;
          if (!read_quantile(bytes, quantile)) return kMalformed;
          return write_line(metric, {.bound_name = "quantile", .bound = quantile.at},
                            [&](std::string& out) { append_number(quantile.value, out); });
        });
    return failure ? failure : write_totals("_sum", "_count", metric, summary);
  }

  Failure write_histogram(const Metric& metric, std::string_view message) {
    Structure histogram;
    if (const Failure failure = read_histogram(message, histogram)) return failure;
    const auto write_bucket = [&](const Bound& bucket) {
      return write_line(metric,
                        {.suffix = "_bucket",
                         .bound_name = "le",
                         .bound = bucket.at,
                         .exemplar = bucket.exemplar},
                        [&](std::string& out) { bucket.count.append_to(out); });
    };
    Failure failure = write_bounds(message, proto::histogram::kBucket, [&](std::string_view bytes) {
      Bound bucket;
      return read_bucket(bytes, bucket) ? write_bucket(bucket) : kMalformed;
    });
    if (!failure && histogram.lacks_infinite_bucket) {
      failure = write_bucket({.at = std::numeric_limits<double>::infinity(),
                              .count = histogram.count,
                              .value = 0,
                              .exemplar = std::nullopt});
    }
    if (failure) return failure;
    if (type_ == proto::kHistogram) return write_totals("_sum", "_count", metric, histogram);
    histogram.fields.clear();
    return write_totals("_gsum", "_gcount", metric, histogram);
  }

  // Each where it stands: there may be millions.
  template <class Write>
  Failure write_bounds(std::string_view message, unsigned number, const Write& write) {
    Failure failure;
    static_cast<void>(wire::read_message(message, [&](const wire::Field& field) {
      if (field.number != number) return true;
      std::string_view bytes;
      failure = wire::get(field, bytes) ? write(bytes) : kMalformed;
      return !failure;
    }));
    return failure;
  }

  Failure write_totals(std::string_view sum, std::string_view count, const Metric& metric,
                       const Structure& structure) {
    const Failure failure = write_line(
        metric, {.suffix = sum}, [&](std::string& out) { append_number(structure.sum, out); });
    if (failure) return failure;
    return write_line(metric, {.suffix = count, .fields = structure.fields},
                      [&](std::string& out) { structure.count.append_to(out); });
  }

  // What a sample has beside its metric and value.
  struct Line {
    std::string_view suffix = {};  // of its name
    std::string_view bound_name = {};
    double bound = 0;
    std::string_view fields = {};  // as for ProtobufFields
    std::optional<std::string_view> exemplar = std::nullopt;
  };

  template <class AppendValue>
  Failure write_line(const Metric& metric, const Line& line, const AppendValue& append_value) {
    if (!suffix_.empty() && line.suffix != suffix_) return std::nullopt;
    std::string& out = text();
    if (!line.fields.empty()) {
      transcript_.fields.add(out.size(), family_type(type_), line.fields);
    }
    append_series(metric, line, out);
    out += ' ';
    append_value(out);
    if (metric.timestamp != 0) {
      out += ' ';
      append_seconds(metric.timestamp, out);
    }
    if (line.exemplar && !append_exemplar(*line.exemplar, out)) return kMalformed;
    end_line();
    return is_too_long();
  }

  void append_series(const Metric& metric, const Line& line, std::string& out) const {
    if (is_legacy_) {
      out.append(escaped_name_).append(line.suffix) += '{';
    } else {
      out.append("{\"").append(escaped_name_).append(line.suffix) += "\",";
    }
    out += metric.labels;
    if (!line.bound_name.empty()) {
      out.append(line.bound_name) += "=\"";
      append_number(line.bound, out);
      out += '"';
    } else if (out.ends_with(',')) {
      out.pop_back();
    }
    if (out.ends_with('{')) {
      out.pop_back();
    } else {
      out += '}';
    }
  }

  const std::size_t bytes_max_;
  Transcript transcript_;
  std::size_t number_ = 0;  // of the message that is taken
  std::size_t lines_ = 0;
  std::string_view name_;  // of the family that is taken, as what follows
  std::string_view help_;
  std::string_view unit_;
  std::uint64_t type_ = proto::kCounter;
  std::string escaped_name_;
  bool is_legacy_ = false;
  std::string_view suffix_;  // of a gauge histogram's family that is written
};

std::optional<std::string_view> take_message(std::string_view& payload) {
  const auto size = wire::take_varint(payload);
  if (!size || *size > payload.size()) return std::nullopt;
  const std::string_view message = payload.substr(0, *size);
  payload.remove_prefix(*size);
  return message;
}

}  // namespace

std::size_t Transcript::message_of(std::size_t line) const {
  return std::ranges::lower_bound(messages, line, {}, &Message::last_line)->number;
}

bool looks_like_protobuf(std::string_view payload) {
  const auto message = take_message(payload);
  if (!message || message->empty()) return false;
  const auto first = wire::Reader(*message).next();
  return first && first->number == proto::family::kName &&
         first->type == wire::Type::kLengthDelimited;
}

boost::system::result<Transcript, ScanError> transcribe(std::string_view payload,
                                                        std::size_t bytes_max) {
  Transcriber transcriber(bytes_max);
  for (std::size_t number = 1; !payload.empty(); ++number) {
    const auto message = take_message(payload);
    const Failure failure = message ? transcriber.take(*message) : kMalformed;
    if (failure) return ScanError{number, *failure, true};
  }
  return std::move(transcriber).finish();
}

}  // namespace prometheus_rsocket::exposition
