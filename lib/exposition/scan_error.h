// What can be wrong with a client's text, and where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string_view>

namespace prometheus_rsocket::exposition {

enum class ScanReason : std::uint8_t {
  kTooLong,
  kTooMany,
  kNul,
  kMetricName,
  kLabelName,
  kLabelEquals,
  kLabelQuote,
  kLabelEscape,
  kLabelSeparator,
  kLabelRepeated,
  kNotUtf8,
  kValue,
  kTimestamp,
  kMetadata,
  kType,
  kBound,
  kCount,
  kExemplar,
  kUnit,  // this and the next ones in OpenMetrics alone
  kBlankLine,
  kComment,
  kAfterEof,
  kProtobuf,  // this and the next in protobuf alone
  kHistogram,
};

// What is wrong, in words for a log: "invalid metric name".
[[nodiscard]] std::string_view reason_text(ScanReason reason);

struct ScanError {
  std::size_t line = 0;  // counted from 1; of protobuf it is the message
  ScanReason reason{};
  bool is_of_protobuf = false;

  friend bool operator==(const ScanError&, const ScanError&) = default;
};

std::ostream& operator<<(std::ostream& out, const ScanError& error);

}  // namespace prometheus_rsocket::exposition
