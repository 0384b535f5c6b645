#include "exposition/scan.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "exposition/index_builder.h"
#include "exposition/line.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr std::string_view kEof = "# EOF";
// Its lines are counted first: a vector that grows takes one and a half times as much meanwhile.
constexpr std::size_t kLargeTextBytes = std::size_t{1} << 20;

using Failure = LineFailure;
using Result = boost::system::result<Index, ScanError>;

// The metric's name of a metadata line, perhaps between quotes.
Failure take_metadata_name(std::string_view& line, std::string_view& name) {
  if (line.starts_with('"')) return take_quoted(line, name);
  name = line.substr(0, metric_name_size(line));
  line.remove_prefix(name.size());
  return name.empty() ? Failure(ScanReason::kMetricName) : std::nullopt;
}

// The lines of one text, of whichever dialect.
class Reader {
 public:
  Reader(std::string_view text, Dialect dialect, const base::SipKey& key)
      : dialect_(dialect), builder_(text, dialect, key), series_(dialect, key) {}

  Failure take_line(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return dialect_ == Dialect::kText ? take_text_line(line) : take_openmetrics_line(line);
  }
  [[nodiscard]] bool has_ended() const { return has_ended_; }
  [[nodiscard]] IndexBuilder& builder() { return builder_; }

 private:
  Failure take_text_line(std::string_view line) {
    skip_blanks(line);
    if (line.empty()) return std::nullopt;
    if (line[0] == '#') return take_text_comment(line);
    trim_blanks_behind(line);
    return take_sample(line);
  }

  // `# HELP name text` and `# TYPE name type`; every other comment means nothing.
  Failure take_text_comment(std::string_view line) {
    line.remove_prefix(1);
    if (line.empty() || !is_blank(line[0])) return std::nullopt;
    skip_blanks(line);
    const bool is_help = line.starts_with("HELP");
    if (!is_help && !line.starts_with("TYPE")) return std::nullopt;
    line.remove_prefix(4);
    if (line.empty() || !is_blank(line[0])) return std::nullopt;
    skip_blanks(line);
    std::string_view name;
    if (const Failure failure = take_metadata_name(line, name)) return failure;
    if (!line.empty() && !is_blank(line[0])) return ScanReason::kMetadata;
    if (!line.empty()) line.remove_prefix(1);
    return is_help ? take_help(name, line) : take_type(name, line);
  }

  // Metadata and nothing else; one space between the words.
  Failure take_openmetrics_line(std::string_view line) {
    if (line == kEof) {
      has_ended_ = true;
      return std::nullopt;
    }
    if (line.empty()) return ScanReason::kBlankLine;
    if (line[0] != '#') return take_sample(line);
    for (const std::string_view keyword : {"# HELP ", "# TYPE ", "# UNIT "}) {
      if (!line.starts_with(keyword)) continue;
      line.remove_prefix(keyword.size());
      std::string_view name;
      if (const Failure failure = take_metadata_name(line, name)) return failure;
      if (!line.starts_with(' ')) return ScanReason::kMetadata;
      line.remove_prefix(1);
      if (keyword[2] == 'U') return take_unit(name, line);
      return keyword[2] == 'H' ? take_help(name, line) : take_type(name, line);
    }
    return ScanReason::kComment;
  }

  Failure take_help(std::string_view name, std::string_view help) {
    if (!is_utf8(help)) return ScanReason::kNotUtf8;
    builder_.set_help(name, help);
    return std::nullopt;
  }

  Failure take_type(std::string_view name, std::string_view word) {
    constexpr std::array kTypes = {FamilyType::kUntyped,   FamilyType::kCounter, FamilyType::kGauge,
                                   FamilyType::kHistogram, FamilyType::kSummary, FamilyType::kInfo,
                                   FamilyType::kStateSet};
    const bool is_text = dialect_ == Dialect::kText;
    for (const FamilyType type : kTypes) {
      if (is_text && text_type(type) != type) continue;
      if (word != (is_text ? type_name(type) : openmetrics_type_name(type))) continue;
      series_.set_type(type);
      return builder_.set_type(name, type) ? std::nullopt : Failure(ScanReason::kType);
    }
    if (is_text || word != "gaugehistogram") return ScanReason::kType;
    builder_.set_gauge_histogram(name);
    return std::nullopt;
  }

  Failure take_unit(std::string_view name, std::string_view unit) {
    const bool is_suffix = name.size() > unit.size() && name.ends_with(unit) &&
                           name[name.size() - unit.size() - 1] == '_';
    if (!unit.empty() && !is_suffix && dialect_ == Dialect::kOpenMetrics) return ScanReason::kUnit;
    builder_.set_unit(name, unit);
    return std::nullopt;
  }

  Failure take_sample(std::string_view line) {
    std::string_view rest;
    if (const Failure failure = series_.read(line, rest)) return failure;
    LineRest parts;
    if (const Failure failure = read_rest(rest, dialect_, parts)) return failure;
    builder_.add_sample(line, series_, parts);
    return std::nullopt;
  }

  Dialect dialect_;
  IndexBuilder builder_;
  SeriesReader series_;
  bool has_ended_ = false;
};

bool is_too_long(std::string_view text) {
  return text.size() > std::numeric_limits<std::uint32_t>::max();
}

// What is no mistake in text.
bool is_of_text(ScanReason reason) {
  return reason == ScanReason::kBlankLine || reason == ScanReason::kComment ||
         reason == ScanReason::kType;
}

}  // namespace

Result scan(std::string_view text, Dialect dialect, const base::SipKey& key,
            std::size_t index_bytes_max) {
  if (is_too_long(text)) return ScanError{1, ScanReason::kTooLong};
  Reader reader(text, dialect, key);
  if (text.size() >= kLargeTextBytes) reader.builder().expect_lines_of(text, index_bytes_max);
  const std::size_t nul = text.find('\0');
  std::size_t line_number = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line_number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (reader.has_ended()) return ScanError{line_number, ScanReason::kAfterEof};
    if (nul < end) return ScanError{line_number, ScanReason::kNul};
    if (const Failure failure = reader.take_line(line)) return ScanError{line_number, *failure};
    if (reader.builder().bytes() > index_bytes_max) {
      return ScanError{line_number, ScanReason::kTooMany};
    }
    begin = end + 1;
  }
  if (const auto bad = reader.builder().close()) {
    const auto before = text.substr(0, bad->offset);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    return ScanError{static_cast<std::size_t>(lines) + 1, bad->reason};
  }
  return std::move(reader.builder()).finish();
}

bool ends_as_openmetrics(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (!text.ends_with(kEof)) return false;
  text.remove_suffix(kEof.size());
  return text.empty() || text.ends_with('\n');
}

Result scan(std::string_view text, const base::SipKey& key, std::size_t index_bytes_max) {
  if (is_too_long(text) || !ends_as_openmetrics(text)) {
    return scan(text, Dialect::kText, key, index_bytes_max);
  }
  Result openmetrics = scan(text, Dialect::kOpenMetrics, key, index_bytes_max);
  if (openmetrics) return openmetrics;
  Result plain = scan(text, Dialect::kText, key, index_bytes_max);
  return plain || is_of_text(openmetrics.error().reason) ? plain : openmetrics;
}

}  // namespace prometheus_rsocket::exposition
