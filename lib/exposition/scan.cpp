#include "exposition/scan.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <ostream>
#include <unordered_map>
#include <utility>

#include "exposition/lexical.h"

namespace prometheus_rsocket::exposition {
namespace {

using Failure = std::optional<ScanReason>;  // nothing: the line is good

void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

void trim_blanks_behind(std::string_view& text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
}

std::optional<FamilyType> type_of(std::string_view word) {
  for (const auto type : {FamilyType::kUntyped, FamilyType::kCounter, FamilyType::kGauge,
                          FamilyType::kHistogram, FamilyType::kSummary}) {
    if (word == type_name(type)) return type;
  }
  return std::nullopt;
}

// Takes `"value"` off the front.
Failure take_label_value(std::string_view& rest) {
  if (rest.empty() || rest[0] != '"') return ScanReason::kLabelQuote;
  std::size_t end = 1;
  while (end < rest.size() && rest[end] != '"') {
    if (rest[end] == '\\') {
      ++end;
      if (end == rest.size()) return ScanReason::kLabelQuote;
      if (rest[end] != '\\' && rest[end] != '"' && rest[end] != 'n') {
        return ScanReason::kLabelEscape;
      }
    }
    ++end;
  }
  if (end >= rest.size()) return ScanReason::kLabelQuote;
  if (!is_utf8(rest.substr(1, end - 1))) return ScanReason::kNotUtf8;
  rest.remove_prefix(end + 1);
  return std::nullopt;
}

using LabelNames = std::vector<std::string_view>;

// Prometheus fails the scrape: its storage takes no label set with a name twice.
bool has_repeated(LabelNames& names) {
  constexpr std::size_t kFewNames = 16;  // below it, comparing all pairs beats sorting
  if (names.size() > kFewNames) {
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end();
  }
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (std::find(names.begin(), name, *name) != name) return true;
  }
  return false;
}

// Takes the labels and the closing brace off the front; `{a="b",}` is good, `{,}` is not.
Failure take_labels(std::string_view& rest, LabelNames& names) {
  names.assign(1, "__name__");  // the metric's own
  skip_blanks(rest);
  while (!rest.empty() && rest[0] != '}') {
    const std::string_view name = rest.substr(0, label_name_size(rest));
    if (name.empty()) return ScanReason::kLabelName;
    names.push_back(name);
    rest.remove_prefix(name.size());
    skip_blanks(rest);
    if (rest.empty() || rest[0] != '=') return ScanReason::kLabelEquals;
    rest.remove_prefix(1);
    skip_blanks(rest);
    if (const Failure failure = take_label_value(rest)) return failure;
    skip_blanks(rest);
    if (!rest.empty() && rest[0] == ',') {
      rest.remove_prefix(1);
      skip_blanks(rest);
    } else if (!rest.empty() && rest[0] != '}') {
      return ScanReason::kLabelSeparator;
    }
  }
  if (rest.empty()) return ScanReason::kLabelSeparator;
  rest.remove_prefix(1);
  return has_repeated(names) ? Failure(ScanReason::kLabelRepeated) : std::nullopt;
}

// The value and the optional timestamp; blanks behind are gone already.
Failure check_value(std::string_view rest) {
  skip_blanks(rest);
  const std::size_t size = std::min(rest.find_first_of(" \t"), rest.size());
  if (!is_value(rest.substr(0, size))) return ScanReason::kValue;
  rest.remove_prefix(size);
  skip_blanks(rest);
  if (!rest.empty() && !is_timestamp(rest)) return ScanReason::kTimestamp;
  return std::nullopt;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Failure take_line(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    skip_blanks(line);
    if (line.empty()) return std::nullopt;
    return line[0] == '#' ? take_comment(line) : take_sample(line);
  }

  Index finish() && {
    std::vector<std::uint32_t> owners(index_.families.size());
    for (std::uint32_t i = 0; i < owners.size(); ++i) owners[i] = owner_of(i);
    for (Sample& sample : index_.samples) sample.family = owners[sample.family];
    drop_families_owned_by_others(owners);
    const auto by_family = [](const Sample& a, const Sample& b) { return a.family < b.family; };
    if (!std::is_sorted(index_.samples.begin(), index_.samples.end(), by_family)) {
      std::stable_sort(index_.samples.begin(), index_.samples.end(), by_family);
    }
    for (std::uint32_t i = 0; i < index_.samples.size(); ++i) {
      Family& family = index_.families[index_.samples[i].family];
      if (family.sample_count++ == 0) family.first_sample = i;
    }
    return std::move(index_);
  }

 private:
  // `# HELP name text` and `# TYPE name type`; every other comment means nothing.
  Failure take_comment(std::string_view line) {
    line.remove_prefix(1);
    if (line.empty() || !is_blank(line[0])) return std::nullopt;
    skip_blanks(line);
    const bool is_help = line.starts_with("HELP");
    if (!is_help && !line.starts_with("TYPE")) return std::nullopt;
    line.remove_prefix(4);
    if (line.empty() || !is_blank(line[0])) return std::nullopt;
    skip_blanks(line);
    const std::string_view name = line.substr(0, metric_name_size(line));
    if (name.empty()) return ScanReason::kMetricName;
    line.remove_prefix(name.size());
    if (!line.empty() && !is_blank(line[0])) return ScanReason::kMetadata;
    if (!line.empty()) line.remove_prefix(1);
    return is_help ? take_help(name, line) : take_type(name, line);
  }

  Failure take_help(std::string_view name, std::string_view help) {
    if (!is_utf8(help)) return ScanReason::kNotUtf8;
    const std::uint32_t id = id_of(name);
    index_.families[id].help = help;
    declared_[id] = true;
    return std::nullopt;
  }

  Failure take_type(std::string_view name, std::string_view word) {
    const auto type = type_of(word);
    if (!type) return ScanReason::kType;
    const std::uint32_t id = id_of(name);
    index_.families[id].type = *type;
    declared_[id] = true;
    return std::nullopt;
  }

  Failure take_sample(std::string_view line) {
    trim_blanks_behind(line);
    std::string_view rest = line;
    Sample sample;
    sample.begin = offset(line);
    sample.size = static_cast<std::uint32_t>(line.size());
    sample.name_size = static_cast<std::uint32_t>(metric_name_size(rest));
    if (sample.name_size == 0) return ScanReason::kMetricName;
    rest.remove_prefix(sample.name_size);
    skip_blanks(rest);
    sample.labels_begin = offset(rest);
    if (rest.starts_with('{')) {
      rest.remove_prefix(1);
      sample.labels_begin = offset(rest);
      if (const Failure failure = take_labels(rest, label_names_)) return failure;
      sample.labels_size = offset(rest) - 1 - sample.labels_begin;
    }
    if (const Failure failure = check_value(rest)) return failure;
    sample.family = id_of(line.substr(0, sample.name_size));
    index_.samples.push_back(sample);
    return std::nullopt;
  }

  [[nodiscard]] std::uint32_t offset(std::string_view part) const {
    return static_cast<std::uint32_t>(part.data() - text_.data());
  }

  // Until finish() every name seen is a family of its own.
  std::uint32_t id_of(std::string_view name) {
    if (!index_.families.empty() && index_.families[last_].name == name) return last_;
    const auto [entry, is_new] =
        ids_.try_emplace(name, static_cast<std::uint32_t>(index_.families.size()));
    if (is_new) {
      index_.families.push_back({.name = name});
      declared_.push_back(false);
    }
    return last_ = entry->second;
  }

  [[nodiscard]] std::uint32_t owner_of(std::uint32_t id) const {
    const std::string_view name = index_.families[id].name;
    const std::string_view base = structural_base(name);
    if (declared_[id] || base.empty()) return id;
    const auto entry = ids_.find(base);
    if (entry == ids_.end()) return id;
    return owns_suffix(index_.families[entry->second].type, base, name) ? entry->second : id;
  }

  void drop_families_owned_by_others(const std::vector<std::uint32_t>& owners) {
    std::vector<std::uint32_t> moved(owners.size());
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < owners.size(); ++i) {
      if (owners[i] != i) continue;
      moved[i] = kept;
      index_.families[kept++] = index_.families[i];
    }
    index_.families.resize(kept);
    for (Sample& sample : index_.samples) sample.family = moved[sample.family];
  }

  std::string_view text_;
  Index index_;
  std::vector<bool> declared_;                               // by a TYPE or HELP line of its own
  std::unordered_map<std::string_view, std::uint32_t> ids_;  // order never seen
  std::uint32_t last_ = 0;
  LabelNames label_names_;  // of one line; here to keep its memory
};

}  // namespace

std::string_view reason_text(ScanReason reason) {
  constexpr std::array<std::string_view, 14> kTexts = {
      "text longer than 4 GiB",
      "NUL byte",
      "invalid metric name",
      "invalid label name",
      "no = after a label name",
      "label value not between quotes",
      "invalid escape in a label value",
      "no comma or closing brace after a label",
      "label name repeated",
      "invalid UTF-8",
      "invalid value",
      "invalid timestamp",
      "no blank after the name in a TYPE or HELP line",
      "invalid metric type",
  };
  static_assert(kTexts.size() == static_cast<std::size_t>(ScanReason::kType) + 1);
  return kTexts[static_cast<std::size_t>(reason)];
}

std::ostream& operator<<(std::ostream& out, const ScanError& error) {
  return out << "line " << error.line << ": " << reason_text(error.reason);
}

boost::system::result<Index, ScanError> scan(std::string_view text) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
    return ScanError{1, ScanReason::kTooLong};
  }
  Scanner scanner(text);
  std::size_t line_number = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line_number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (line.find('\0') != std::string_view::npos) return ScanError{line_number, ScanReason::kNul};
    if (const Failure failure = scanner.take_line(line)) return ScanError{line_number, *failure};
    begin = end + 1;
  }
  return std::move(scanner).finish();
}

}  // namespace prometheus_rsocket::exposition
