// The numbers of io.prometheus.client (prometheus/client_model, metrics.proto): of the fields of
// each message, and of the types. Internal to lib/exposition.
#pragma once

#include <cstdint>

namespace prometheus_rsocket::exposition::proto {

enum MetricType : std::uint8_t {
  kCounter = 0,
  kGauge = 1,
  kSummary = 2,
  kUntyped = 3,
  kHistogram = 4,
  kGaugeHistogram = 5,
};

namespace family {
inline constexpr unsigned kName = 1;
inline constexpr unsigned kHelp = 2;
inline constexpr unsigned kType = 3;
inline constexpr unsigned kMetric = 4;
inline constexpr unsigned kUnit = 5;
}  // namespace family

namespace metric {
inline constexpr unsigned kLabel = 1;
inline constexpr unsigned kGauge = 2;
inline constexpr unsigned kCounter = 3;
inline constexpr unsigned kSummary = 4;
inline constexpr unsigned kUntyped = 5;
inline constexpr unsigned kTimestamp = 6;
inline constexpr unsigned kHistogram = 7;
}  // namespace metric

namespace label {
inline constexpr unsigned kName = 1;
inline constexpr unsigned kValue = 2;
}  // namespace label

namespace counter {
inline constexpr unsigned kValue = 1;  // of Gauge and Untyped, too
inline constexpr unsigned kExemplar = 2;
inline constexpr unsigned kCreated = 3;
}  // namespace counter

namespace summary {
inline constexpr unsigned kCount = 1;
inline constexpr unsigned kSum = 2;
inline constexpr unsigned kQuantile = 3;
inline constexpr unsigned kCreated = 4;
}  // namespace summary

namespace quantile {
inline constexpr unsigned kQuantile = 1;
inline constexpr unsigned kValue = 2;
}  // namespace quantile

// From kSchema to kPositiveCount, and kExemplars: of native histograms.
namespace histogram {
inline constexpr unsigned kCount = 1;
inline constexpr unsigned kSum = 2;
inline constexpr unsigned kBucket = 3;
inline constexpr unsigned kCountFloat = 4;
inline constexpr unsigned kSchema = 5;
inline constexpr unsigned kZeroThreshold = 6;
inline constexpr unsigned kZeroCount = 7;
inline constexpr unsigned kZeroCountFloat = 8;
inline constexpr unsigned kNegativeSpan = 9;
inline constexpr unsigned kNegativeDelta = 10;
inline constexpr unsigned kNegativeCount = 11;
inline constexpr unsigned kPositiveSpan = 12;
inline constexpr unsigned kPositiveDelta = 13;
inline constexpr unsigned kPositiveCount = 14;
inline constexpr unsigned kCreated = 15;
inline constexpr unsigned kExemplars = 16;
}  // namespace histogram

namespace bucket {
inline constexpr unsigned kCount = 1;
inline constexpr unsigned kUpperBound = 2;
inline constexpr unsigned kExemplar = 3;
inline constexpr unsigned kCountFloat = 4;
}  // namespace bucket

namespace span {
inline constexpr unsigned kOffset = 1;
inline constexpr unsigned kLength = 2;
}  // namespace span

namespace exemplar {
inline constexpr unsigned kLabel = 1;
inline constexpr unsigned kValue = 2;
inline constexpr unsigned kTimestamp = 3;
}  // namespace exemplar

namespace timestamp {  // google.protobuf.Timestamp
inline constexpr unsigned kSeconds = 1;
inline constexpr unsigned kNanos = 2;
inline constexpr std::int64_t kSecondsMin = -62'135'596'800;  // of the year 1
inline constexpr std::int64_t kSecondsMax = 253'402'300'799;  // of 9999
}  // namespace timestamp

}  // namespace prometheus_rsocket::exposition::proto
