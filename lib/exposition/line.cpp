#include "exposition/line.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace prometheus_rsocket::exposition {
namespace {

constexpr std::string_view kExemplarBegin = " # {";

// The bytes at the front that are neither a quote, nor a backslash, nor beyond ASCII.
std::size_t plain_size(std::string_view text) {
  constexpr std::uint64_t kLow = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  // The lowest high bit that is set is of the first byte that is zero.
  const auto zeros = [](std::uint64_t word) { return (word - kLow) & ~word & kHigh; };
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    const std::uint64_t found =
        zeros(word ^ (kLow * '"')) | zeros(word ^ (kLow * '\\')) | (word & kHigh);
    if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
  }
  const auto is_plain = [](char c) {
    return c != '"' && c != '\\' && static_cast<unsigned char>(c) < 0x80;
  };
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

// Takes the next word off the front.
std::string_view take_word(std::string_view& rest) {
  std::size_t size = 0;
  while (size < rest.size() && !is_blank(rest[size])) ++size;
  const std::string_view word = rest.substr(0, size);
  rest.remove_prefix(size);
  return word;
}

// Takes a value off the front. False when it is none.
bool take_value(std::string_view& rest, std::string_view& value) {
  const std::size_t size = plain_number_size(rest);
  if (size > 0 && (size == rest.size() || is_blank(rest[size]))) {
    value = rest.substr(0, size);
    rest.remove_prefix(size);
    return true;
  }
  value = take_word(rest);
  return is_value(value);
}

// Takes a space and a word off the front; nothing without them.
std::string_view take_spaced_word(std::string_view& rest) {
  if (!rest.starts_with(' ')) return {};
  rest.remove_prefix(1);
  return take_word(rest);
}

LineFailure read_text_rest(std::string_view rest, LineRest& parts) {
  skip_blanks(rest);
  if (!take_value(rest, parts.value)) return ScanReason::kValue;
  if (rest.empty()) return std::nullopt;
  skip_blanks(rest);
  parts.timestamp = rest;
  return rest.empty() || is_timestamp(rest) ? std::nullopt : LineFailure(ScanReason::kTimestamp);
}

LineFailure take_openmetrics_timestamp(std::string_view& rest, std::string_view& timestamp) {
  if (rest.empty() || rest.starts_with(kExemplarBegin)) return std::nullopt;
  timestamp = take_spaced_word(rest);
  return is_openmetrics_timestamp(timestamp) ? std::nullopt : LineFailure(ScanReason::kTimestamp);
}

LineFailure read_exemplar(std::string_view rest, LineRest& parts) {
  if (!rest.starts_with(kExemplarBegin)) return ScanReason::kExemplar;
  rest.remove_prefix(kExemplarBegin.size());
  const char* const begin = rest.data();
  for (bool ends = false; !ends && !rest.empty() && rest[0] != '}';) {
    LineElement element;
    const LineFailure failure = take_element(rest, Dialect::kOpenMetrics, element);
    if (failure) return failure;
    if (!element.has_value) return ScanReason::kExemplar;
    ends = element.ends_list;
  }
  if (rest.empty()) return ScanReason::kExemplar;
  parts.exemplar_labels = {begin, static_cast<std::size_t>(rest.data() - begin)};
  rest.remove_prefix(1);
  parts.exemplar_value = take_spaced_word(rest);
  if (!is_value(parts.exemplar_value)) return ScanReason::kExemplar;
  if (take_openmetrics_timestamp(rest, parts.exemplar_timestamp)) return ScanReason::kExemplar;
  return rest.empty() ? std::nullopt : LineFailure(ScanReason::kExemplar);
}

LineFailure read_openmetrics_rest(std::string_view rest, LineRest& parts) {
  if (!rest.starts_with(' ')) return ScanReason::kValue;
  rest.remove_prefix(1);
  if (!take_value(rest, parts.value)) return ScanReason::kValue;
  if (const auto failure = take_openmetrics_timestamp(rest, parts.timestamp)) return failure;
  return rest.empty() ? std::nullopt : read_exemplar(rest, parts);
}

}  // namespace

LineFailure take_quoted(std::string_view& rest, std::string_view& text) {
  if (rest.empty() || rest[0] != '"') return ScanReason::kLabelQuote;
  std::size_t end = 1 + plain_size(rest.substr(1));
  bool is_ascii = true;
  while (end < rest.size() && rest[end] != '"') {
    if (rest[end] == '\\') {
      ++end;
      if (end == rest.size()) return ScanReason::kLabelQuote;
      if (rest[end] != '\\' && rest[end] != '"' && rest[end] != 'n') {
        return ScanReason::kLabelEscape;
      }
    } else {
      is_ascii = false;
    }
    ++end;
    end += plain_size(rest.substr(end));
  }
  if (end >= rest.size()) return ScanReason::kLabelQuote;
  text = rest.substr(1, end - 1);
  if (!is_ascii && !is_utf8(text)) return ScanReason::kNotUtf8;
  rest.remove_prefix(end + 1);
  return std::nullopt;
}

LineFailure take_element(std::string_view& rest, Dialect dialect, LineElement& element) {
  element.is_quoted = rest[0] == '"';
  if (element.is_quoted) {
    if (const LineFailure failure = take_quoted(rest, element.name)) return failure;
  } else {
    element.name = rest.substr(0, label_name_size(rest));
    rest.remove_prefix(element.name.size());
  }
  if (element.name.empty()) return ScanReason::kLabelName;
  element.has_blanks = pass_blanks(rest, dialect);
  element.has_value = !rest.empty() && rest[0] == '=';
  if (element.has_value) {
    rest.remove_prefix(1);
    element.has_blanks |= pass_blanks(rest, dialect);
    if (const LineFailure failure = take_quoted(rest, element.value)) return failure;
    element.has_blanks |= pass_blanks(rest, dialect);
  } else if (!element.is_quoted) {
    return ScanReason::kLabelEquals;
  }
  element.ends_list = rest.empty() || rest[0] == '}';
  if (element.ends_list) return std::nullopt;
  if (rest[0] != ',') {
    return element.has_value ? ScanReason::kLabelSeparator : ScanReason::kLabelEquals;
  }
  rest.remove_prefix(1);
  element.has_blanks |= pass_blanks(rest, dialect);
  return std::nullopt;
}

bool is_negative(std::string_view value) {
  return value.starts_with('-') && value.find_first_of("123456789iI") != std::string_view::npos;
}

LineFailure read_rest(std::string_view rest, Dialect dialect, LineRest& parts) {
  return dialect == Dialect::kText ? read_text_rest(rest, parts)
                                   : read_openmetrics_rest(rest, parts);
}

}  // namespace prometheus_rsocket::exposition
