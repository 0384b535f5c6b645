// Reads the messages of a metric's value (metrics_proto.h), and spells their parts as lines have
// them. Internal to lib/exposition, for protobuf_reader.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exposition/line.h"

namespace prometheus_rsocket::exposition {

// As shortest text that is the same double; words for what is no number.
void append_number(double value, std::string& out);

// Milliseconds as OpenMetrics has them.
void append_seconds(std::int64_t milliseconds, std::string& out);

// A LabelPair as `name="value",`. False when it cannot be read.
[[nodiscard]] bool append_label(std::string_view message, std::string& out);

// An Exemplar as ` # {labels} value [timestamp]`. Likewise.
[[nodiscard]] bool append_exemplar(std::string_view message, std::string& out);

// A whole number, or a float where that is not zero.
struct Count {
  std::uint64_t whole = 0;
  double real = 0;

  void append_to(std::string& out) const;
};

// Of a Counter, Gauge or Untyped.
struct Scalar {
  double value = 0;
  std::optional<std::string_view> exemplar;
  std::string fields;  // as for ProtobufFields
};

// A Bucket or Quantile.
struct Bound {
  double at = 0;     // the bucket's upper bound, or the quantile
  Count count;       // of a bucket
  double value = 0;  // of a quantile
  std::optional<std::string_view> exemplar;
};
[[nodiscard]] bool read_bucket(std::string_view message, Bound& bucket);
[[nodiscard]] bool read_quantile(std::string_view message, Bound& quantile);

// A Summary or Histogram but for its bounds, of which there may be millions.
struct Structure {
  Count count;
  double sum = 0;
  bool lacks_infinite_bucket = false;  // and should have one
  std::string fields;                  // as for ProtobufFields
};

[[nodiscard]] LineFailure read_scalar(std::string_view message, bool is_counter, Scalar& scalar);
[[nodiscard]] LineFailure read_summary(std::string_view message, Structure& summary);
[[nodiscard]] LineFailure read_histogram(std::string_view message, Structure& histogram);

}  // namespace prometheus_rsocket::exposition
