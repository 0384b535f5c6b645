#include "exposition/protobuf_reader.h"

#include <algorithm>
#include <array>
#include <cstdint>
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
    const Failure failure = take_family(message);
    transcript_.message_ends.push_back(lines_);
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
    write_heads();
    Failure failure;
    static_cast<void>(wire::read_message(message, [&](const wire::Field& field) {
      if (field.number == proto::family::kMetric) failure = take_metric(field);
      return !failure;
    }));
    return failure;
  }

  std::string& text() { return transcript_.text; }

  void write_heads() {
    if (type_ != proto::kGaugeHistogram) return write_head("", family_type(type_));
    for (const std::string_view suffix : kGaugeHistogramSuffixes) {
      write_head(suffix, FamilyType::kGauge);
    }
  }

  void write_head(std::string_view suffix, FamilyType type) {
    write_metadata("# TYPE ", suffix, openmetrics_type_name(type));
    if (!help_.empty()) write_metadata("# HELP ", suffix, escape(help_));
    std::string_view name = escaped_name_;  // OpenMetrics' rule is about it without `_total`
    if (name.ends_with(openmetrics_suffix(type))) {
      name.remove_suffix(openmetrics_suffix(type).size());
    }
    const std::string unit = escape(unit_);
    if (!unit.empty() && name.ends_with('_' + unit)) write_metadata("# UNIT ", suffix, unit);
  }

  void write_metadata(std::string_view keyword, std::string_view suffix, std::string_view word) {
    text() += keyword;
    append_name(escaped_name_ + std::string(suffix), NameKind::kMetric, text());
    (text() += ' ') += word;
    end_line();
  }

  void end_line() {
    text() += '\n';
    ++lines_;
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
    const Failure failure = write_metric(metric);
    if (failure) return failure;
    return text().size() > bytes_max_ ? Failure(ScanReason::kTooLong) : std::nullopt;
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
    begin_line("", metric, "", 0, scalar.fields);
    append_number(scalar.value, text());
    return end_line(metric, scalar.exemplar);
  }

  Failure write_summary(const Metric& metric, std::string_view message) {
    Structure summary;
    if (const Failure failure = read_summary(message, summary)) return failure;
    for (const Bound& quantile : summary.bounds) {
      begin_line("", metric, "quantile", quantile.at, {});
      append_number(quantile.value, text());
      static_cast<void>(end_line(metric, std::nullopt));
    }
    return write_totals("_sum", "_count", metric, summary);
  }

  Failure write_histogram(const Metric& metric, std::string_view message) {
    Structure histogram;
    if (const Failure failure = read_histogram(message, histogram)) return failure;
    for (const Bound& bucket : histogram.bounds) {
      begin_line("_bucket", metric, "le", bucket.at, {});
      bucket.count.append_to(text());
      if (const Failure failure = end_line(metric, bucket.exemplar)) return failure;
    }
    if (type_ == proto::kHistogram) return write_totals("_sum", "_count", metric, histogram);
    histogram.fields.clear();
    return write_totals("_gsum", "_gcount", metric, histogram);
  }

  Failure write_totals(std::string_view sum, std::string_view count, const Metric& metric,
                       const Structure& structure) {
    begin_line(sum, metric, "", 0, {});
    append_number(structure.sum, text());
    static_cast<void>(end_line(metric, std::nullopt));
    begin_line(count, metric, "", 0, structure.fields);
    structure.count.append_to(text());
    return end_line(metric, std::nullopt);
  }

  // Up to the value.
  void begin_line(std::string_view suffix, const Metric& metric, std::string_view bound_name,
                  double bound, std::string_view fields) {
    std::string& out = text();
    if (!fields.empty()) transcript_.fields.add(out.size(), fields);
    if (is_legacy_) {
      out.append(escaped_name_).append(suffix) += '{';
    } else {
      out.append("{\"").append(escaped_name_).append(suffix) += "\",";
    }
    out += metric.labels;
    if (!bound_name.empty()) {
      out.append(bound_name) += "=\"";
      append_number(bound, out);
      out += '"';
    } else if (out.ends_with(',')) {
      out.pop_back();
    }
    if (out.ends_with('{')) {
      out.pop_back();
    } else {
      out += '}';
    }
    out += ' ';
  }

  Failure end_line(const Metric& metric, const std::optional<std::string_view>& exemplar) {
    if (metric.timestamp != 0) {
      text() += ' ';
      append_seconds(metric.timestamp, text());
    }
    const bool is_good = !exemplar || append_exemplar(*exemplar, text());
    end_line();
    return is_good ? std::nullopt : kMalformed;
  }

  const std::size_t bytes_max_;
  Transcript transcript_;
  std::size_t lines_ = 0;
  std::string_view name_;  // of the family that is taken, as what follows
  std::string_view help_;
  std::string_view unit_;
  std::uint64_t type_ = proto::kCounter;
  std::string escaped_name_;
  bool is_legacy_ = false;
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
  const auto end = std::ranges::lower_bound(message_ends, line);
  return static_cast<std::size_t>(end - message_ends.begin()) + 1;
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
    if (!message) return ScanError{number, ScanReason::kProtobuf};
    if (const Failure failure = transcriber.take(*message)) {
      return ScanError{number, *failure};
    }
  }
  return std::move(transcriber).finish();
}

}  // namespace prometheus_rsocket::exposition
