// ASCII, whatever the locale: A to Z alone have a lower case, blanks are SP and HTAB.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace prometheus_rsocket::base {

[[nodiscard]] constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] inline std::string to_lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), [](char c) { return to_lower(c); });
  return lowered;
}

// Without the blanks around it, which are those of HTTP (RFC 9110, 5.6.3: OWS). A view of `text`.
[[nodiscard]] constexpr std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// A stranger's text within our own: what is not plain ASCII is not shown.
[[nodiscard]] inline std::string printable(std::string_view text) {
  std::string shown(text);
  const auto is_odd = [](char c) { return c < ' ' || c > '~'; };
  std::ranges::replace_if(shown, is_odd, '?');
  return shown;
}

}  // namespace prometheus_rsocket::base
