#include <algorithm>

#include "base/ascii.h"
#include "base/hex.h"
#include "http/exchange.h"

namespace prometheus_rsocket::http {
namespace {

std::optional<std::string_view> find(const std::vector<std::pair<std::string, std::string>>& pairs,
                                     std::string_view name) {
  const auto found = std::ranges::find(
      pairs, name, [](const auto& pair) -> std::string_view { return pair.first; });
  if (found == pairs.end()) return std::nullopt;
  return found->second;
}

// What is behind scheme and authority, if it begins with them; nothing when the authority is empty.
std::optional<std::string_view> strip_authority(std::string_view target) {
  constexpr std::string_view kScheme = "http://";
  if (base::to_lower(target.substr(0, kScheme.size())) != kScheme) return target;
  target.remove_prefix(kScheme.size());
  const auto authority = std::min(target.find_first_of("/?"), target.size());
  if (authority == 0) return std::nullopt;
  return target.substr(authority);
}

}  // namespace

std::optional<Target> parse_target(std::string_view target) {
  const auto origin = strip_authority(target);
  const bool absolute = origin && origin->size() < target.size();
  if (!origin || (!absolute && !origin->starts_with('/'))) return std::nullopt;
  target = *origin;
  const auto question = target.find('?');
  auto path = percent_decode(target.substr(0, question), false);
  if (!path) return std::nullopt;
  if (path->empty()) path = "/";
  Target parsed{std::move(*path), {}};
  std::string_view query =
      question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return std::nullopt;
    if (!name->empty()) parsed.query.emplace_back(std::move(*name), std::move(*value));
  }
  return parsed;
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  return find(headers, name);
}

std::optional<std::string_view> Request::parameter(std::string_view name) const {
  return find(target.query, name);
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const auto high = base::parse_hex_digit(text[i + 1]);
      const auto low = base::parse_hex_digit(text[i + 2]);
      if (!high || !low) return std::nullopt;
      decoded.push_back(static_cast<char>(*high << 4U | *low));
      i += 2;
    } else {
      decoded.push_back(plus_is_blank && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return decoded;
}

}  // namespace prometheus_rsocket::http
