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
  struct Message {
    std::size_t last_line = 0;  // both counted from 1
    std::size_t number = 0;
  };
  std::vector<Message> messages;  // those with lines

  // The message that this line was made of. REQUIRES: there is such a line.
  [[nodiscard]] std::size_t message_of(std::size_t line) const;
};

// Whether it begins as such messages do, which no text that can be read does but one made for it.
[[nodiscard]] bool looks_like_protobuf(std::string_view payload);

// Metrics are read as Prometheus' parser does: what is absent is zero, a float count other than
// zero stands for both, timestamp 0 is none. `+Inf` is added to the buckets of a classic histogram
// that has none. Of a gauge histogram there are three gauges, as of OpenMetrics'; its native part
// is left out. Families without metrics are not there.
//
// Stricter than it: no metric has a value of another type than its family's, no name has two types,
// and every message can be read to its end.
//
// Errors: kProtobuf for what cannot be read or names a type that is not in metrics.proto, kType for
// two types, kHistogram (native_histogram.h), kTooLong for a text beyond bytes_max, and what an
// exemplar of a native histogram may be refused for.
[[nodiscard]] boost::system::result<Transcript, ScanError> transcribe(std::string_view payload,
                                                                      std::size_t bytes_max);

}  // namespace prometheus_rsocket::exposition
