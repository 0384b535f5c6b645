// Messages of Prometheus' protobuf format by hand, native histograms among them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exposition/metrics_proto.h"
#include "exposition/wire.h"

namespace prometheus_rsocket::exposition {

using Fill = std::function<void(std::string&)>;

inline std::string message(const Fill& fill) {
  std::string out;
  fill(out);
  return out;
}

inline std::string delimited(std::string_view message) {
  std::string out;
  wire::append_varint(message.size(), out);
  return out.append(message);
}

inline std::string label(std::string_view name, std::string_view value) {
  return message([&](std::string& out) {
    wire::append_string(proto::label::kName, name, out);
    wire::append_string(proto::label::kValue, value, out);
  });
}

inline std::string family(std::string_view name, proto::MetricType type,
                          const std::vector<std::string>& metrics, std::string_view unit = "") {
  return delimited(message([&](std::string& out) {
    wire::append_string(proto::family::kName, name, out);
    wire::append_signed(proto::family::kType, type, out);
    for (const std::string& metric : metrics) {
      wire::append_string(proto::family::kMetric, metric, out);
    }
    if (!unit.empty()) wire::append_string(proto::family::kUnit, unit, out);
  }));
}

inline std::string metric(unsigned field, std::string_view value,
                          const std::vector<std::string>& labels = {},
                          std::optional<std::int64_t> milliseconds = std::nullopt) {
  return message([&](std::string& out) {
    for (const std::string& pair : labels) wire::append_string(proto::metric::kLabel, pair, out);
    wire::append_string(field, value, out);
    if (milliseconds) wire::append_signed(proto::metric::kTimestamp, *milliseconds, out);
  });
}

inline std::string value(double number) {
  return message(
      [&](std::string& out) { wire::append_double(proto::counter::kValue, number, out); });
}

inline std::string gauge(std::string_view name, double number) {
  return family(name, proto::kGauge, {metric(proto::metric::kGauge, value(number))});
}

inline std::string timestamp(std::int64_t seconds, std::int64_t nanos) {
  return message([&](std::string& out) {
    wire::append_signed(proto::timestamp::kSeconds, seconds, out);
    wire::append_signed(proto::timestamp::kNanos, nanos, out);
  });
}

inline std::string exemplar(std::int64_t seconds, std::int64_t nanos,
                            std::string_view name = "trace") {
  return message([&](std::string& out) {
    wire::append_string(proto::exemplar::kLabel, label(name, "t\"1"), out);
    wire::append_double(proto::exemplar::kValue, 0.5, out);
    wire::append_string(proto::exemplar::kTimestamp, timestamp(seconds, nanos), out);
  });
}

inline std::uint64_t zigzag(std::int64_t number) {
  return static_cast<std::uint64_t>(number) << 1U ^ static_cast<std::uint64_t>(number >> 63U);
}

// A native histogram, as client_golang writes one.
struct Native {
  struct Span {
    std::int32_t offset = 0;
    std::uint32_t length = 0;
  };
  std::uint64_t count = 6;
  double sum = 1.5;
  std::int32_t schema = 3;
  std::vector<Span> spans = {{-4, 1}, {2, 2}};
  std::vector<std::int64_t> deltas = {1, 1, -1};  // 1, 2 and 1
  std::uint64_t zero_count = 2;
  std::vector<double> counts = {};
  double count_float = 0;
  bool is_packed = false;
  std::string exemplar_label = "trace";

  [[nodiscard]] std::string bytes() const {
    return message([this](std::string& out) {
      wire::append_unsigned(proto::histogram::kCount, count, out);
      wire::append_double(proto::histogram::kSum, sum, out);
      if (count_float != 0) wire::append_double(proto::histogram::kCountFloat, count_float, out);
      wire::append_unsigned(proto::histogram::kSchema, zigzag(schema), out);
      wire::append_double(proto::histogram::kZeroThreshold, 0x1p-128, out);
      wire::append_unsigned(proto::histogram::kZeroCount, zero_count, out);
      for (const Span& span : spans) {
        wire::append_message(proto::histogram::kPositiveSpan, out, [&] {
          wire::append_unsigned(proto::span::kOffset, zigzag(span.offset), out);
          wire::append_unsigned(proto::span::kLength, span.length, out);
        });
      }
      std::string packed;
      for (const std::int64_t delta : deltas) {
        if (!is_packed) {
          wire::append_unsigned(proto::histogram::kPositiveDelta, zigzag(delta), out);
        }
        wire::append_varint(zigzag(delta), packed);
      }
      if (is_packed) wire::append_string(proto::histogram::kPositiveDelta, packed, out);
      for (const double bucket : counts) {
        wire::append_double(proto::histogram::kPositiveCount, bucket, out);
      }
      wire::append_string(proto::histogram::kExemplars, exemplar(1, 0, exemplar_label), out);
    });
  }
};

inline std::string native_family(const Native& native) {
  return family("h", proto::kHistogram, {metric(proto::metric::kHistogram, native.bytes())});
}

}  // namespace prometheus_rsocket::exposition
