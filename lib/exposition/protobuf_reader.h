// Rewrites a client's protobuf (io.prometheus.client.MetricFamily messages, the length before each)
// as lines that everything else here understands. Internal to lib/exposition; read.h is for who has
// a payload.
#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "exposition/protobuf_fields.h"
#include "exposition/scan_error.h"

namespace prometheus_rsocket::exposition {

struct Transcript {
  std::string text;  // of Dialect::kProtobuf, to be scanned: names and values are as they came
  ProtobufFields fields;
  std::vector<std::size_t> message_ends;  // so many lines of text, up to the end of each

  // The message that this line was made of; both counted from 1.
  [[nodiscard]] std::size_t message_of(std::size_t line) const;
};

// Whether it begins as such messages do, which no text that can be read does but one made for it.
[[nodiscard]] bool looks_like_protobuf(std::string_view payload);

// Metrics are read as Prometheus' parser does: what is absent is zero, a float count other than
// zero stands for both, timestamp 0 is none. `+Inf` is added to the buckets of a classic histogram
// that has none. Of a gauge histogram there are three gauges, as of OpenMetrics'; its native part
// is left out. Families without metrics are not there.
//
// Errors, the line being the message: kProtobuf for what cannot be read or names a type that is not
// in metrics.proto, kType for a metric with a value of another type than its family's,
// kHistogram (native_histogram.h), kTooLong for a text beyond bytes_max.
[[nodiscard]] boost::system::result<Transcript, ScanError> transcribe(std::string_view payload,
                                                                      std::size_t bytes_max);

}  // namespace prometheus_rsocket::exposition
