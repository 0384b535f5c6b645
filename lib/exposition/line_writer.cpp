#include "exposition/line_writer.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "exposition/label.h"
#include "exposition/lexical.h"
#include "exposition/names.h"
#include "exposition/series.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr std::size_t kExemplarCharactersMax = 128;  // OpenMetrics 1.0, "Exemplars"

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool is_within_bounds(std::string_view exemplar_labels) {
  std::size_t count = 0;
  while (const auto label = take_label(exemplar_labels)) {
    count += characters(unescape(label->name)) + characters(unescape(label->value));
  }
  return count <= kExemplarCharactersMax;
}

}  // namespace

bool LineWriter::copies(const Index& index, FamilyType type) const {
  const bool is_from_text = index.dialect == Dialect::kText;
  const bool is_to_text = format_.syntax == Syntax::kText;
  if (is_from_text && !is_to_text) return is_plain(index, type) && !index.has_odd_braces;
  if (index.has_quoted_names || format_.escaping == Escaping::kDots) return false;
  const bool keeps_timestamps = format_.honor_timestamps || !index.has_timestamps;
  if (is_from_text) return keeps_timestamps;
  if (index.has_exemplars || index.has_odd_braces) return false;
  if (is_to_text) return !index.has_timestamps;
  return keeps_timestamps && !index.has_odd_blanks && has_good_bounds(index, type);
}

bool LineWriter::has_good_bounds(const Index& index, FamilyType type) {
  return bound_label(type).empty() || !index.has_odd_bounds;
}

// Whether lines of a text are OpenMetrics', but for commas behind their last labels; braces without
// labels are allowed there, too.
bool LineWriter::is_plain(const Index& index, FamilyType type) const {
  return index.dialect == Dialect::kText && !index.has_quoted_names && !index.has_odd_blanks &&
         !index.has_timestamps && format_.escaping != Escaping::kDots &&
         has_good_bounds(index, type);
}

bool LineWriter::write(std::string_view text, const Index& index, const MergedFamily& family,
                       const Sample& sample, std::string& out) {
  const std::string_view line = sample.line(text);
  if (copies(index, family.type)) {
    out.append(line) += '\n';
    return true;
  }
  if (!is_plain(index, family.type)) {
    const std::size_t size = out.size();
    if (rewrite(text, index.dialect, family, sample, out)) return true;
    out.resize(size);
    return false;
  }
  const std::string_view labels = sample.labels(text);
  if (labels.ends_with(',')) {  // OpenMetrics has none behind the last label
    const auto comma = static_cast<std::size_t>(labels.data() + labels.size() - line.data()) - 1;
    out.append(line.substr(0, comma)).append(line.substr(comma + 1)) += '\n';
  } else {
    out.append(line) += '\n';
  }
  return true;
}

bool LineWriter::rewrite(std::string_view text, Dialect dialect, const MergedFamily& family,
                         const Sample& sample, std::string& out) {
  if (!write_series(sample.name(text), sample.labels(text), family, out)) return false;
  const LineRest rest = rest_of(text, dialect, sample);
  (out += ' ').append(rest.value);
  if (!rest.timestamp.empty() && format_.honor_timestamps &&
      !write_timestamp(rest.timestamp, dialect, out)) {
    return false;
  }
  const bool has_exemplar =
      format_.syntax == Syntax::kOpenMetrics && keeps_exemplar(sample.name(text), rest);
  if (has_exemplar) write_exemplar(rest, out);
  out += '\n';
  return true;
}

std::string LineWriter::escaped_name(std::string_view name, const MergedFamily& family) const {
  std::string escaped = escape_name(name, NameKind::kMetric, format_.escaping);
  if (!is_structural(family.type) || escaped == family.name) return escaped;
  for (const std::string_view suffix : {kSuffixes[0], kSuffixes[1], kSuffixes[2], kCreatedSuffix}) {
    if (name.ends_with(suffix)) return std::string(family.name).append(suffix);
  }
  return escaped;
}

bool LineWriter::write_series(std::string_view name, std::string_view labels,
                              const MergedFamily& family, std::string& out) {
  const bool is_escaped = needs_escape(name, NameKind::kMetric, format_.escaping);
  const bool is_quoted = !is_escaped && !is_legacy_name(name, NameKind::kMetric);
  if (is_quoted) {
    out.append("{\"").append(name) += '"';
  } else if (is_escaped) {
    out += escaped_name(name, family);
  } else {
    out += name;
  }
  const std::size_t begin = out.size();
  out += is_quoted ? ',' : '{';
  const std::string_view bound =
      format_.syntax == Syntax::kOpenMetrics ? bound_label(family.type) : std::string_view{};
  if (!write_labels(labels, bound, out)) return false;
  if (out.size() == begin + 1) out.resize(begin);  // no labels
  if (is_quoted || out.size() > begin) out += '}';
  return true;
}

bool LineWriter::write_labels(std::string_view labels, std::string_view bound, std::string& out) {
  bool is_first = true;
  bool is_escaped = false;
  names_.clear();
  while (const auto label = take_label(labels)) {
    if (!std::exchange(is_first, false)) out += ',';
    names_.emplace_back(label->name, std::string());
    auto& [raw, escaped] = names_.back();
    if (needs_escape(raw, NameKind::kLabel, format_.escaping)) {
      is_escaped = true;
      escaped = escape_name(raw, NameKind::kLabel, format_.escaping);
      out += escaped;
    } else {
      append_name(raw, NameKind::kLabel, out);
    }
    out += "=\"";
    if (label->name == bound) {
      out += canonical_bound(label->value);
    } else {
      out += label->value;
    }
    out += '"';
  }
  return !is_escaped || !has_repeated_name();
}

bool LineWriter::has_repeated_name() {
  written_.clear();
  for (const auto& [raw, escaped] : names_) written_.push_back(escaped.empty() ? raw : escaped);
  std::ranges::sort(written_);
  return std::ranges::adjacent_find(written_) != written_.end();
}

bool LineWriter::write_timestamp(std::string_view timestamp, Dialect dialect,
                                 std::string& out) const {
  out += ' ';
  if ((dialect == Dialect::kText) == (format_.syntax == Syntax::kText)) {
    out += timestamp;
  } else if (dialect == Dialect::kText) {
    out += openmetrics_timestamp(timestamp);
  } else {
    const auto text = text_timestamp(timestamp);
    if (!text) return false;
    out += *text;
  }
  return true;
}

// One whose labels break a rule is left out, and the sample stays.
void LineWriter::write_exemplar(const LineRest& rest, std::string& out) {
  const std::size_t size = out.size();
  out += " # {";
  if (!write_labels(rest.exemplar_labels, {}, out)) return out.resize(size);
  out.append("} ").append(rest.exemplar_value);
  if (!rest.exemplar_timestamp.empty()) (out += ' ').append(rest.exemplar_timestamp);
}

LineRest rest_of(std::string_view text, Dialect dialect, const Sample& sample) {
  std::string_view from_value = sample.from_value(text);
  if (dialect != Dialect::kText) from_value = {from_value.data() - 1, from_value.size() + 1};
  LineRest rest;
  static_cast<void>(read_rest(from_value, dialect, rest));  // it was found good
  return rest;
}

bool keeps_exemplar(std::string_view name, const LineRest& rest) {
  if (rest.exemplar_value.empty()) return false;
  const bool may_have_one = name.ends_with("_total") || name.ends_with("_bucket");
  return may_have_one && is_within_bounds(rest.exemplar_labels);
}

std::optional<std::int64_t> milliseconds(std::string_view seconds) {
  constexpr double kMax = 9.2e18;
  const double value = number(seconds) * 1000;
  if (!(std::abs(value) <= kMax)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

std::optional<std::string> text_timestamp(std::string_view seconds) {
  const auto value = milliseconds(seconds);
  if (!value || *value < 0) return std::nullopt;
  return std::to_string(*value);
}

std::string openmetrics_timestamp(std::string_view text) {
  std::string digits(text);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  digits.insert(digits.size() - 3, 1, '.');
  constexpr double kExact = 9e15;  // whole numbers that a double tells apart
  if (number(text) > kExact) return digits;
  const auto wanted = static_cast<std::int64_t>(number(text));
  // The nearest double may be a little less than what is meant, and is truncated.
  if (milliseconds(digits) != wanted && milliseconds(digits + '5') == wanted) digits += '5';
  return digits;
}

}  // namespace prometheus_rsocket::exposition
