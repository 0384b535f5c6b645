#include "http/negotiation.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/ascii.h"

namespace prometheus_rsocket::http {
namespace {

// The text up to `separator` outside double quotes; takes it and the separator off `rest`.
std::string_view next_part(std::string_view& rest, char separator) {
  bool quoted = false;
  std::size_t i = 0;
  for (; i < rest.size() && (quoted || rest[i] != separator); ++i) {
    if (rest[i] == '"') quoted = !quoted;
  }
  const std::string_view part = rest.substr(0, i);
  rest.remove_prefix(std::min(i + 1, rest.size()));
  return base::trim(part);
}

std::optional<double> parse_quality(std::string_view text) {
  double quality = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), quality, std::chars_format::fixed);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || !(quality >= 0 && quality <= 1)) return std::nullopt;
  return quality;
}

std::string_view unquote(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

std::optional<Preference> parse_preference(std::string_view part) {
  Preference preference;
  preference.value = base::to_lower(next_part(part, ';'));
  if (preference.value.empty()) return std::nullopt;
  while (!part.empty()) {
    std::string_view parameter = next_part(part, ';');
    const std::string name = base::to_lower(next_part(parameter, '='));
    const std::string_view value = unquote(base::trim(parameter));
    if (name == "q") {
      const auto quality = parse_quality(value);
      if (!quality) return std::nullopt;
      preference.quality = *quality;
    } else if (!name.empty()) {
      preference.parameters.emplace_back(name, value);
    }
  }
  return preference;
}

}  // namespace

std::vector<Preference> parse_preferences(std::string_view header) {
  std::vector<Preference> preferences;
  while (!header.empty()) {
    if (auto preference = parse_preference(next_part(header, ','))) {
      preferences.push_back(std::move(*preference));
    }
  }
  return preferences;
}

std::string_view name_of(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kIdentity:
      break;
    case ContentCoding::kGzip:
      return "gzip";
    case ContentCoding::kZstd:
      return "zstd";
  }
  return "identity";
}

ContentCoding negotiate_coding(std::string_view accept_encoding) {
  std::optional<double> star;
  std::optional<double> gzip;
  std::optional<double> x_gzip;  // its other name
  std::optional<double> zstd;
  std::optional<double> identity;
  for (const Preference& preference : parse_preferences(accept_encoding)) {
    const std::string& value = preference.value;
    if (value == "gzip") gzip = preference.quality;
    if (value == "x-gzip") x_gzip = preference.quality;
    if (value == "zstd") zstd = preference.quality;
    if (value == "identity") identity = preference.quality;
    if (value == "*") star = preference.quality;
  }
  ContentCoding best = ContentCoding::kIdentity;
  double quality = 0;
  const auto offer = [&](ContentCoding coding, double its_quality) {
    if (its_quality <= quality) return;
    best = coding;
    quality = its_quality;
  };
  offer(ContentCoding::kGzip, gzip.value_or(x_gzip.value_or(star.value_or(0))));
  offer(ContentCoding::kZstd, zstd.value_or(0));
  offer(ContentCoding::kIdentity, identity.value_or(star.value_or(0)));
  return best;
}

}  // namespace prometheus_rsocket::http
