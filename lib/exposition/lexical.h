// The words of both dialects: which bytes make a name, a value, a timestamp, valid UTF-8.
//
// The rules are those of Prometheus' text parser (model/textparse, promlex.l and promparse.go),
// which leans on Go's strconv for numbers. No function allocates but is_value for a huge exponent.
#pragma once

#include <cstddef>
#include <string_view>

namespace prometheus_rsocket::exposition {

[[nodiscard]] constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

constexpr void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

constexpr void trim_blanks_behind(std::string_view& text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
}

// The length of the metric name ([a-zA-Z_:][a-zA-Z0-9_:]*) at the front of text; 0 for none.
[[nodiscard]] std::size_t metric_name_size(std::string_view text);

// The length of the label name ([a-zA-Z_][a-zA-Z0-9_]*) at the front of text; 0 for none.
[[nodiscard]] std::size_t label_name_size(std::string_view text);

// Go's strconv.ParseFloat without hexadecimal and underscores: decimal numbers that do not
// overflow, NaN without a sign, Inf and Infinity with or without; letters in any case.
[[nodiscard]] bool is_value(std::string_view text);

// The length of a decimal number at the front of text, up to whatever is none of it; 0 where there
// is none, or a long one: then it takes is_value() to tell.
[[nodiscard]] inline std::size_t plain_number_size(std::string_view text) {
  constexpr std::ptrdiff_t kDigitsMax = 208;  // the largest double has 309 before the point
  constexpr std::ptrdiff_t kExponentDigitsMax = 2;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto skip_digits = [&] {
    const char* const begin = at;
    while (at != end && static_cast<unsigned char>(*at - '0') < 10) ++at;
    return at - begin;
  };
  const auto skip_sign = [&] {
    if (at != end && (*at == '+' || *at == '-')) ++at;
  };
  skip_sign();
  std::ptrdiff_t digits = skip_digits();
  if (at != end && *at == '.') {
    ++at;
    digits += skip_digits();
  }
  if (digits == 0 || digits > kDigitsMax) return 0;
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    skip_sign();
    const std::ptrdiff_t exponent = skip_digits();
    if (exponent == 0 || exponent > kExponentDigitsMax) return 0;
  }
  return static_cast<std::size_t>(at - text.data());
}

// What a value or timestamp is, as strconv.ParseFloat has it; what is too small for a double is
// zero. REQUIRES: is_value(text) or is_timestamp(text).
[[nodiscard]] double number(std::string_view text);

// A non-negative decimal integer within 63 bits (milliseconds).
[[nodiscard]] bool is_timestamp(std::string_view text);

// Of OpenMetrics: a value that is neither NaN nor infinite (seconds).
[[nodiscard]] bool is_openmetrics_timestamp(std::string_view text);

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace prometheus_rsocket::exposition
