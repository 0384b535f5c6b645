#include "exposition/label.h"

#include <algorithm>
#include <vector>

#include "exposition/lexical.h"
#include "exposition/names.h"

namespace prometheus_rsocket::exposition {
namespace {

// Takes `"…"` off the front, and gives what is between the quotes.
std::string_view take_quoted(std::string_view& rest) {
  std::size_t end = 1;
  while (rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
  const std::string_view text = rest.substr(1, end - 1);
  rest.remove_prefix(end + 1);
  return text;
}

struct Element {
  std::string_view name;
  std::optional<std::string_view> value;  // none: it is the metric's name
};

std::optional<Element> take_element(std::string_view& rest) {
  while (!rest.empty() && (is_blank(rest[0]) || rest[0] == ',')) rest.remove_prefix(1);
  if (rest.empty()) return std::nullopt;
  Element element;
  if (rest[0] == '"') {
    element.name = take_quoted(rest);
  } else {
    element.name = rest.substr(0, label_name_size(rest));
    rest.remove_prefix(element.name.size());
  }
  skip_blanks(rest);
  if (rest.empty() || rest[0] != '=') return element;
  rest.remove_prefix(1);
  skip_blanks(rest);
  element.value = take_quoted(rest);
  return element;
}

}  // namespace

std::optional<LabelView> take_label(std::string_view& labels) {
  while (const auto element = take_element(labels)) {
    if (element->value) return LabelView{element->name, *element->value};
  }
  return std::nullopt;
}

std::optional<std::string_view> escape_labels(std::string_view labels, Escaping escaping,
                                              std::string& escaped) {
  bool is_changed = false;
  for (std::string_view rest = labels; const auto label = take_label(rest);) {
    is_changed |= needs_escape(label->name, NameKind::kLabel, escaping);
  }
  if (!is_changed) return labels;
  escaped.clear();
  std::vector<std::string> names;
  while (const auto label = take_label(labels)) {
    names.push_back(escape_name(label->name, NameKind::kLabel, escaping));
    if (names.size() > 1) escaped += ',';
    escaped.append(names.back()).append("=\"").append(label->value) += '"';
  }
  std::ranges::sort(names);
  if (std::ranges::adjacent_find(names) != names.end()) return std::nullopt;
  return escaped;
}

std::string_view quoted_metric_name(std::string_view labels) {
  while (const auto element = take_element(labels)) {
    if (!element->value) return element->name;
  }
  return {};
}

}  // namespace prometheus_rsocket::exposition
