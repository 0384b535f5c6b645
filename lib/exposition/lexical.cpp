#include "exposition/lexical.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/ascii.h"
#include "base/utf8.h"

namespace prometheus_rsocket::exposition {
namespace {

enum CharacterClass : std::uint8_t { kLetter = 1, kDigit = 2, kColon = 4 };

constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 'a' + 'A'] = kLetter;
  for (unsigned c = '0'; c <= '9'; ++c) classes[c] = kDigit;
  classes['_'] = kLetter;
  classes[':'] = kColon;
  return classes;
}();

bool is_in(char c, unsigned classes) {
  return (kClasses[static_cast<unsigned char>(c)] & classes) != 0;
}

std::size_t run(std::string_view text, std::size_t from, unsigned classes) {
  while (from < text.size() && is_in(text[from], classes)) ++from;
  return from;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (base::to_lower(text[i]) != lower[i]) return false;
  }
  return true;
}

// ParseFloat fails on overflow but rounds underflow to zero; from_chars does not tell them apart.
bool overflows(std::string_view number) {
  double value = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), value);
  if (parsed.ec != std::errc::result_out_of_range) return false;
  return std::isinf(std::strtod(std::string(number).c_str(), nullptr));
}

}  // namespace

std::size_t metric_name_size(std::string_view text) {
  if (text.empty() || !is_in(text[0], kLetter | kColon)) return 0;
  return run(text, 1, kLetter | kColon | kDigit);
}

std::size_t label_name_size(std::string_view text) {
  if (text.empty() || !is_in(text[0], kLetter)) return 0;
  return run(text, 1, kLetter | kDigit);
}

bool is_value(std::string_view text) {
  if (!text.empty() && plain_number_size(text) == text.size()) return true;
  if (equals_ignoring_case(text, "nan")) return true;
  const bool has_sign = !text.empty() && (text[0] == '+' || text[0] == '-');
  const std::string_view number = text.substr(has_sign ? 1 : 0);
  if (equals_ignoring_case(number, "inf") || equals_ignoring_case(number, "infinity")) return true;

  const std::size_t whole = run(number, 0, kDigit);
  std::size_t end = whole;
  std::size_t fraction = 0;
  if (end < number.size() && number[end] == '.') {
    end = run(number, whole + 1, kDigit);
    fraction = end - whole - 1;
  }
  if (whole + fraction == 0) return false;
  if (end < number.size() && (number[end] == 'e' || number[end] == 'E')) {
    ++end;
    if (end < number.size() && (number[end] == '+' || number[end] == '-')) ++end;
    const std::size_t exponent = run(number, end, kDigit) - end;
    if (exponent == 0) return false;
    end += exponent;
  }
  return end == number.size() && !overflows(number);
}

double number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc{}) return value;
  return text.starts_with('-') ? -0.0 : 0.0;
}

bool is_timestamp(std::string_view text) {
  std::int64_t milliseconds = 0;
  const char* const end = text.data() + text.size();
  if (text.empty() || !is_in(text[0], kDigit)) return false;
  const auto parsed = std::from_chars(text.data(), end, milliseconds);
  return parsed.ec == std::errc{} && parsed.ptr == end;
}

bool is_openmetrics_timestamp(std::string_view text) {
  const bool has_sign = !text.empty() && (text[0] == '+' || text[0] == '-');
  const std::string_view number = text.substr(has_sign ? 1 : 0);
  return !number.empty() && (is_in(number[0], kDigit) || number[0] == '.') && is_value(text);
}

bool is_utf8(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  while (!text.empty()) {
    std::uint64_t word = 0;
    if (text.size() >= sizeof word) {
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & kHighBits) == 0) {
        text.remove_prefix(sizeof word);
        continue;
      }
    }
    const std::size_t size = base::utf8_sequence_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace prometheus_rsocket::exposition
