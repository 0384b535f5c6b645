#include "exposition/labelled.h"

#include <algorithm>
#include <vector>

#include "exposition/index.h"
#include "exposition/label.h"
#include "exposition/lexical.h"
#include "exposition/names.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr std::string_view kExported = "exported_";

class Labeller {
 public:
  explicit Labeller(std::span<const ExtraLabel> labels) {
    for (const auto& [name, value] : labels) {
      names_.push_back(name);
      if (value.empty()) continue;
      if (!added_.empty()) added_ += ',';
      added_.append(name).append("=\"").append(escape(value)) += '"';
    }
  }

  // A sample line without blanks around it.
  void append(std::string_view line, std::string& out) {
    const SeriesParts series = series_parts(line);
    const bool is_quoted = line[0] == '{';
    out += is_quoted ? std::string_view("{\"") : series.name;
    if (is_quoted) out.append(series.name).append("\",");
    if (!is_quoted) out += '{';
    out += added_;
    append_own(series.labels, out);
    out += '}';
    const bool has_braces = series.labels.data() != nullptr;
    const std::string_view last = has_braces ? series.labels : series.name;
    const auto end = static_cast<std::size_t>(last.data() - line.data()) + last.size();
    out += line.substr(end + (has_braces ? 1 : 0));
  }

 private:
  void append_own(std::string_view labels, std::string& out) {
    own_.clear();
    for (std::string_view rest = labels; const auto label = take_label(rest);) {
      own_.push_back(label->name);
    }
    while (const auto label = take_label(labels)) {
      std::string name(label->name);
      const bool is_taken = std::ranges::find(names_, name) != names_.end();
      while (is_taken && (name == label->name || std::ranges::find(own_, name) != own_.end())) {
        name.insert(0, kExported);
      }
      out += ',';
      append_name(name, NameKind::kLabel, out);
      out.append("=\"").append(label->value) += '"';
    }
  }

  std::vector<std::string> names_;
  std::string added_;
  std::vector<std::string_view> own_;  // of one line; here to keep its memory
};

}  // namespace

std::optional<std::string> with_labels(std::string_view text, Dialect dialect,
                                       std::span<const ExtraLabel> labels, std::size_t bytes_max) {
  Labeller labeller(labels);
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (dialect == Dialect::kText) {
      skip_blanks(line);
      trim_blanks_behind(line);
    }
    if (line.empty() || line[0] == '#') {
      // What was no OpenMetrics is not to look like some now.
      if (dialect == Dialect::kText && line == "# EOF") continue;
      out += line;
    } else {
      labeller.append(line, out);
    }
    out += '\n';
    if (out.size() > bytes_max) return std::nullopt;
  }
  return out;
}

}  // namespace prometheus_rsocket::exposition
