#include "exposition/index.h"

#include "exposition/label.h"
#include "exposition/lexical.h"

namespace prometheus_rsocket::exposition {

Sample::Sample(std::string_view text, std::string_view line, std::string_view name,
               std::string_view labels)
    : begin_(static_cast<std::uint32_t>(line.data() - text.data())),
      size_(static_cast<std::uint32_t>(line.size())),
      name_size_(static_cast<std::uint16_t>(name.size())),
      labels_size_(static_cast<std::uint16_t>(labels.size())) {
  const bool is_usual =
      name.data() == line.data() && name.size() < kUnusual && labels.size() <= kUnusual &&
      (labels.data() == nullptr || labels.data() == name.data() + name.size() + 1);
  if (!is_usual) name_size_ = kUnusual;
}

std::string_view Sample::from_value(std::string_view text) const {
  const std::string_view whole = line(text);
  if (const auto before = before_value(text)) return whole.substr(before->size());
  const SeriesParts parts = series_parts(whole);
  const bool has_labels = parts.labels.data() != nullptr;
  const std::string_view last = has_labels ? parts.labels : parts.name;
  std::string_view rest = whole.substr(static_cast<std::size_t>(last.data() - whole.data()) +
                                       last.size() + (has_labels ? 1 : 0));
  skip_blanks(rest);
  return rest;
}

SeriesParts series_parts(std::string_view line) {
  SeriesParts parts{line.substr(0, metric_name_size(line)), {}};
  std::string_view rest = line.substr(parts.name.size());
  skip_blanks(rest);
  if (!rest.starts_with('{')) return parts;
  rest.remove_prefix(1);
  std::size_t end = 0;
  for (bool is_quoted = false; is_quoted || rest[end] != '}'; ++end) {
    if (rest[end] == '"') is_quoted = !is_quoted;
    if (is_quoted && rest[end] == '\\') ++end;
  }
  parts.labels = rest.substr(0, end);
  if (parts.name.empty()) parts.name = quoted_metric_name(parts.labels);
  return parts;
}

}  // namespace prometheus_rsocket::exposition
