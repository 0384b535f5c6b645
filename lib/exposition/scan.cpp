#include "exposition/scan.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <ostream>
#include <utility>

#include "exposition/id_table.h"
#include "exposition/lexical.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr std::string_view kLe = bound_label(FamilyType::kHistogram);
constexpr std::string_view kQuantile = bound_label(FamilyType::kSummary);

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
Failure take_label_value(std::string_view& rest, std::string_view& value) {
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
  value = rest.substr(1, end - 1);
  if (!is_utf8(value)) return ScanReason::kNotUtf8;
  rest.remove_prefix(end + 1);
  return std::nullopt;
}

using LabelNames = std::vector<std::string_view>;

// What a line's labels are, beyond being well formed.
struct Labels {
  LabelNames names;
  bool has_bad_le = false;  // one that is no number: whether that is wrong depends on the type
  bool has_bad_quantile = false;
};

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
Failure take_labels(std::string_view& rest, Labels& labels) {
  labels.names.assign(1, "__name__");  // the metric's own
  skip_blanks(rest);
  while (!rest.empty() && rest[0] != '}') {
    const std::string_view name = rest.substr(0, label_name_size(rest));
    if (name.empty()) return ScanReason::kLabelName;
    labels.names.push_back(name);
    rest.remove_prefix(name.size());
    skip_blanks(rest);
    if (rest.empty() || rest[0] != '=') return ScanReason::kLabelEquals;
    rest.remove_prefix(1);
    skip_blanks(rest);
    std::string_view value;
    if (const Failure failure = take_label_value(rest, value)) return failure;
    if (name == kLe) labels.has_bad_le = !is_value(value);
    if (name == kQuantile) labels.has_bad_quantile = !is_value(value);
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
  return has_repeated(labels.names) ? Failure(ScanReason::kLabelRepeated) : std::nullopt;
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
  Scanner(std::string_view text, const base::SipKey& key) : text_(text), key_(key) {}

  Failure take_line(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    skip_blanks(line);
    if (line.empty()) return std::nullopt;
    return line[0] == '#' ? take_comment(line) : take_sample(line);
  }

  // Where the first sample is whose bound is no number, its type being known now.
  [[nodiscard]] std::optional<std::size_t> find_bad_bound() const {
    std::uint32_t first = kNone;
    for (std::uint32_t i = 0; i < names_.size(); ++i) {
      if (names_[i].bad_le == kNone && names_[i].bad_quantile == kNone) continue;
      const FamilyType type = index_.families[owner_of(i)].type;
      if (type == FamilyType::kHistogram) first = std::min(first, names_[i].bad_le);
      if (type == FamilyType::kSummary) first = std::min(first, names_[i].bad_quantile);
    }
    return first == kNone ? std::nullopt : std::optional<std::size_t>(first);
  }

  Index finish() && {
    std::vector<std::uint32_t> owners(names_.size());
    for (std::uint32_t i = 0; i < owners.size(); ++i) owners[i] = owner_of(i);
    drop_families_owned_by_others(owners);
    for (Run& run : runs_) {
      run.name = owners[run.name];
      index_.families[run.name].sample_count += run.count;
    }
    std::uint32_t first_sample = 0;
    for (Family& family : index_.families) {
      family.first_sample = first_sample;
      first_sample += family.sample_count;
    }
    const auto by_family = [](const Run& a, const Run& b) { return a.name < b.name; };
    if (std::is_sorted(runs_.begin(), runs_.end(), by_family)) {
      index_.samples.shrink_to_fit();
    } else {
      bring_families_together();
    }
    index_.families.shrink_to_fit();
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
    index_.families[id].help_begin = offset(help);
    index_.families[id].help_size = static_cast<std::uint32_t>(help.size());
    names_[id].is_declared = true;
    return std::nullopt;
  }

  Failure take_type(std::string_view name, std::string_view word) {
    const auto type = type_of(word);
    if (!type) return ScanReason::kType;
    const std::uint32_t id = id_of(name);
    index_.families[id].type = *type;
    names_[id].is_declared = true;
    return std::nullopt;
  }

  Failure take_sample(std::string_view line) {
    trim_blanks_behind(line);
    const std::string_view name = line.substr(0, metric_name_size(line));
    if (name.empty()) return ScanReason::kMetricName;
    std::string_view rest = line.substr(name.size());
    skip_blanks(rest);
    std::string_view labels;
    const bool has_labels = rest.starts_with('{');
    if (has_labels) {
      rest.remove_prefix(1);
      const char* const begin = rest.data();
      if (const Failure failure = take_labels(rest, labels_)) return failure;
      labels = {begin, static_cast<std::size_t>(rest.data() - begin) - 1};
    }
    if (const Failure failure = check_value(rest)) return failure;
    const std::uint32_t id = id_of(name);
    if (has_labels) note_bounds(id, offset(line));
    if (runs_.empty() || runs_.back().name != id) runs_.push_back({id, 0});
    ++runs_.back().count;
    index_.samples.emplace_back(text_, line, name, labels);
    return std::nullopt;
  }

  void note_bounds(std::uint32_t id, std::uint32_t line) {
    if (std::exchange(labels_.has_bad_le, false)) {
      names_[id].bad_le = std::min(names_[id].bad_le, line);
    }
    if (std::exchange(labels_.has_bad_quantile, false)) {
      names_[id].bad_quantile = std::min(names_[id].bad_quantile, line);
    }
  }

  [[nodiscard]] std::uint32_t offset(std::string_view part) const {
    return static_cast<std::uint32_t>(part.data() - text_.data());
  }

  [[nodiscard]] std::uint64_t hash(std::string_view name) const {
    return base::sip_hash(key_, name);
  }
  [[nodiscard]] auto is_named(std::string_view name) const {
    return [this, name](std::uint32_t id) { return index_.families[id].name(text_) == name; };
  }

  // Until finish() every name seen is a family of its own.
  std::uint32_t id_of(std::string_view name) {
    if (!names_.empty() && index_.families[last_].name(text_) == name) return last_;
    const auto fresh = static_cast<std::uint32_t>(names_.size());
    last_ = ids_.find_or_insert(hash(name), fresh, is_named(name));
    if (last_ == fresh) {
      names_.emplace_back();
      index_.families.push_back(
          {.name_begin = offset(name), .name_size = static_cast<std::uint32_t>(name.size())});
    }
    return last_;
  }

  [[nodiscard]] std::uint32_t owner_of(std::uint32_t id) const {
    const std::string_view name = index_.families[id].name(text_);
    const std::string_view base = structural_base(name);
    if (names_[id].is_declared || base.empty()) return id;
    const auto owner = ids_.find(hash(base), is_named(base));
    if (!owner) return id;
    return owns_suffix(index_.families[*owner].type, base, name) ? *owner : id;
  }

  // owners then has positions among those that stay.
  void drop_families_owned_by_others(std::vector<std::uint32_t>& owners) {
    std::vector<std::uint32_t> moved(owners.size());
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < owners.size(); ++i) {
      if (owners[i] != i) continue;
      moved[i] = kept;
      index_.families[kept++] = index_.families[i];
    }
    index_.families.resize(kept);
    for (std::uint32_t& owner : owners) owner = moved[owner];
  }

  // Families in turn, and the samples of each in the order of the text.
  void bring_families_together() {
    std::vector<std::uint32_t> next;
    for (const Family& family : index_.families) next.push_back(family.first_sample);
    std::vector<Sample> sorted(index_.samples.size());
    auto from = index_.samples.cbegin();
    for (const Run& run : runs_) {
      std::copy_n(from, run.count, sorted.begin() + next[run.name]);
      from += run.count;
      next[run.name] += run.count;
    }
    index_.samples = std::move(sorted);
  }

  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  struct Name {
    bool is_declared = false;      // by a TYPE or HELP line of its own
    std::uint32_t bad_le = kNone;  // the first sample with one; an offset, as the next
    std::uint32_t bad_quantile = kNone;
  };
  // Samples of one name that follow each other.
  struct Run {
    std::uint32_t name = 0;  // in the end its family
    std::uint32_t count = 0;
  };

  std::string_view text_;
  const base::SipKey key_;
  Index index_;
  std::vector<Name> names_;  // beside index_.families until finish()
  IdTable ids_;              // positions of both, by name
  std::vector<Run> runs_;
  std::uint32_t last_ = 0;
  Labels labels_;  // of one line; here to keep its memory
};

}  // namespace

std::string_view reason_text(ScanReason reason) {
  constexpr std::array<std::string_view, 15> kTexts = {
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
      "le of a histogram or quantile of a summary that is no number",
  };
  static_assert(kTexts.size() == static_cast<std::size_t>(ScanReason::kBound) + 1);
  return kTexts[static_cast<std::size_t>(reason)];
}

std::ostream& operator<<(std::ostream& out, const ScanError& error) {
  return out << "line " << error.line << ": " << reason_text(error.reason);
}

Sample::Sample(std::string_view text, std::string_view line, std::string_view name,
               std::string_view labels)
    : begin_(static_cast<std::uint32_t>(line.data() - text.data())),
      size_(static_cast<std::uint32_t>(line.size())),
      name_size_(static_cast<std::uint16_t>(name.size())),
      labels_size_(static_cast<std::uint16_t>(labels.size())) {
  const bool is_usual = name.size() < kUnusual && labels.size() <= kUnusual &&
                        (labels.empty() || labels.data() == name.data() + name.size() + 1);
  if (!is_usual) name_size_ = kUnusual;
}

Sample::Parts Sample::unusual_parts(std::string_view text) const {
  std::string_view rest = line(text);
  Parts parts{rest.substr(0, metric_name_size(rest)), {}};
  rest.remove_prefix(parts.name.size());
  skip_blanks(rest);
  if (!rest.starts_with('{')) return parts;
  rest.remove_prefix(1);
  std::size_t end = 0;
  for (bool is_quoted = false; is_quoted || rest[end] != '}'; ++end) {
    if (rest[end] == '"') is_quoted = !is_quoted;
    if (is_quoted && rest[end] == '\\') ++end;
  }
  parts.labels = rest.substr(0, end);
  return parts;
}

boost::system::result<Index, ScanError> scan(std::string_view text, const base::SipKey& key) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
    return ScanError{1, ScanReason::kTooLong};
  }
  Scanner scanner(text, key);
  std::size_t line_number = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line_number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    if (line.find('\0') != std::string_view::npos) return ScanError{line_number, ScanReason::kNul};
    if (const Failure failure = scanner.take_line(line)) return ScanError{line_number, *failure};
    begin = end + 1;
  }
  if (const auto at = scanner.find_bad_bound()) {
    const auto before = text.substr(0, *at);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    return ScanError{static_cast<std::size_t>(lines) + 1, ScanReason::kBound};
  }
  return std::move(scanner).finish();
}

}  // namespace prometheus_rsocket::exposition
