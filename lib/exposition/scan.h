// Reads one client's payload in text 0.0.4: is it valid, and where are its families and samples?
//
// This is the gate before the merge (merge.h): what scan() lets in cannot spoil the page of all
// clients. It accepts what Prometheus' text parser accepts, passes over what is harmless (CRLF line
// ends, a missing last newline, comments and with them a final `# EOF`), and rejects the rest of
// the payload as a whole, with the number of the first bad line.
//
// Stricter than Prometheus where its leniency would make a page that other parsers refuse: raw
// line feeds and unknown escapes in a label value, two labels without a comma between them.
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <iosfwd>
#include <string_view>
#include <vector>

#include "exposition/family.h"

namespace prometheus_rsocket::exposition {

enum class ScanReason : std::uint8_t {
  kTooLong,
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
};

// What is wrong, in words for a log: "invalid metric name".
[[nodiscard]] std::string_view reason_text(ScanReason reason);

struct ScanError {
  std::size_t line = 0;  // counted from 1
  ScanReason reason{};

  friend bool operator==(const ScanError&, const ScanError&) = default;
};

std::ostream& operator<<(std::ostream& out, const ScanError& error);

// One sample line, as offsets into the scanned text; blanks and line ends around it are left out.
struct Sample {
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
  std::uint32_t name_size = 0;
  std::uint32_t labels_begin = 0;  // first byte after `{`
  std::uint32_t labels_size = 0;   // up to `}`; 0 without labels
  std::uint32_t family = 0;        // position in Index::families

  [[nodiscard]] std::string_view line(std::string_view text) const {
    return {text.data() + begin, size};
  }
  [[nodiscard]] std::string_view name(std::string_view text) const {
    return {text.data() + begin, name_size};
  }
  [[nodiscard]] std::string_view labels(std::string_view text) const {
    return {text.data() + labels_begin, labels_size};
  }
};

// Its samples are Index::samples[first_sample, first_sample + sample_count). name and help point
// into the scanned text; help is as it came, escaped.
struct Family {
  std::string_view name = {};
  std::string_view help = {};
  FamilyType type = FamilyType::kUntyped;
  std::uint32_t first_sample = 0;
  std::uint32_t sample_count = 0;
};

// Families in the order in which the text first names them; samples by family, and within one in
// the order of the text. Valid as long as the scanned bytes stay where they are.
struct Index {
  std::vector<Family> families;
  std::vector<Sample> samples;
};

// One pass; allocates for the index's vectors and once per metric name, never per sample. Of
// several TYPE or HELP lines for one family the last one counts, before or after its samples, as in
// Prometheus. `X_bucket`, `X_sum` and `X_count` belong to X by its type, unless a TYPE or HELP line
// makes them families of their own (expfmt, setOrCreateCurrentMF). Never throws on bad input.
[[nodiscard]] boost::system::result<Index, ScanError> scan(std::string_view text);

}  // namespace prometheus_rsocket::exposition
