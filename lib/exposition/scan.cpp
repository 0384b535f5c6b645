#include "exposition/scan.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "exposition/id_table.h"
#include "exposition/line.h"
#include "exposition/series.h"

namespace prometheus_rsocket::exposition {
namespace {

using Failure = LineFailure;

std::optional<FamilyType> type_of(std::string_view word) {
  for (const auto type : {FamilyType::kUntyped, FamilyType::kCounter, FamilyType::kGauge,
                          FamilyType::kHistogram, FamilyType::kSummary}) {
    if (word == type_name(type)) return type;
  }
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
    hash_series();
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
    index_.families[id].help_begin = help.empty() ? 0 : offset(help);
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

  void hash_series() {
    auto sample = index_.samples.begin();
    for (const Family& family : index_.families) {
      for (const auto end = sample + family.sample_count; sample != end; ++sample) {
        const SeriesView series{sample->name(text_), sample->labels(text_)};
        sample->set_hash(series_hash(key_, family.type, series));
      }
    }
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
  LineLabels labels_;  // of one line; here to keep its memory
};

}  // namespace

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

Sample Sample::in(std::string_view text, std::string_view line) const {
  Sample other = *this;
  other.begin_ = static_cast<std::uint32_t>(line.data() - text.data());
  other.size_ = static_cast<std::uint32_t>(line.size());
  return other;
}

std::optional<std::string_view> Sample::before_value(std::string_view text) const {
  if (name_size_ == kUnusual) return std::nullopt;
  const std::string_view whole = line(text);
  std::size_t size = name_size_;
  if (whole[size] == '{') size += labels_size_ + 2;
  while (is_blank(whole[size])) ++size;
  return whole.substr(0, size);
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
