#include "exposition/scan_error.h"

#include <array>
#include <ostream>

namespace prometheus_rsocket::exposition {

std::string_view reason_text(ScanReason reason) {
  constexpr std::array<std::string_view, 24> kTexts = {
      "too long a text",
      "too many samples or families for its size",
      "NUL byte",
      "invalid metric name",
      "invalid label name",
      "no = after a label name",
      "label value not between quotes",
      "invalid escape in a label value",
      "no comma or closing brace after a label",
      "label name repeated",
      "invalid UTF-8",
      "invalid value",
      "invalid timestamp",
      "no blank after the name in a TYPE or HELP line",
      "invalid metric type",
      "le of a histogram or quantile of a summary that is no number",
      "negative count or bucket of a histogram",
      "invalid exemplar",
      "unit that is no suffix of the name",
      "blank line in OpenMetrics",
      "comment in OpenMetrics",
      "line after # EOF",
      "malformed protobuf",
      "native histogram that Prometheus would refuse",
  };
  static_assert(kTexts.size() == static_cast<std::size_t>(ScanReason::kHistogram) + 1);
  return kTexts[static_cast<std::size_t>(reason)];
}

std::ostream& operator<<(std::ostream& out, const ScanError& error) {
  return out << (error.is_of_protobuf ? "message " : "line ") << error.line << ": "
             << reason_text(error.reason);
}

}  // namespace prometheus_rsocket::exposition
