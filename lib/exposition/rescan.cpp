#include "exposition/rescan.h"

#include <algorithm>
#include <limits>

#include "exposition/line.h"
#include "exposition/scan.h"

namespace prometheus_rsocket::exposition {
namespace {

std::size_t offset(std::string_view text, std::string_view part) {
  return static_cast<std::size_t>(part.data() - text.data());
}

// Walks along both texts, sample by sample.
class Walk {
 public:
  Walk(std::string_view text, const Exposition& before) : text_(text), before_(before) {
    index_.samples.reserve(before.index.samples.size());
  }

  // From the end of the sample before to the end of this one.
  bool take(const Sample& sample, FamilyType type) {
    const std::string_view old = before_.text;
    const auto fixed = sample.before_value(old);
    if (!fixed || offset(old, *fixed) < old_end_) return false;
    const std::size_t skipped = offset(old, *fixed) + fixed->size() - old_end_;
    if (!text_.substr(end_).starts_with(old.substr(old_end_, skipped))) return false;

    const std::size_t value = end_ + skipped;
    std::string_view rest = text_.substr(value, text_.find('\n', value) - value);
    if (rest.ends_with('\r')) rest.remove_suffix(1);
    LineRest parts;
    if (dialect() == Dialect::kText) {
      trim_blanks_behind(rest);
      if (read_rest(rest, Dialect::kText, parts)) return false;
    } else {
      // With the space before it, which is one of the bytes that both have.
      const std::string_view spaced{rest.data() - 1, rest.size() + 1};
      if (read_rest(spaced, Dialect::kOpenMetrics, parts)) return false;
    }
    const bool may_be_negative = type != FamilyType::kHistogram || is_sum(sample.name(old));
    if (!may_be_negative && is_negative(parts.value)) return false;
    has_timestamps_ |= !parts.timestamp.empty();
    const std::size_t begin = value - fixed->size();
    end_ = value + rest.size();
    old_end_ = offset(old, sample.line(old)) + sample.line(old).size();
    index_.samples.push_back(sample.in(text_, text_.substr(begin, end_ - begin)));
    return true;
  }

  // What is behind the last sample.
  [[nodiscard]] bool ends_alike() const {
    return text_.substr(end_) == std::string_view(before_.text).substr(old_end_);
  }

  Index finish() && {
    index_.families = before_.index.families;
    index_.dialect = dialect();
    index_.has_quoted_names = before_.index.has_quoted_names;
    index_.has_odd_blanks = before_.index.has_odd_blanks;
    index_.has_timestamps = has_timestamps_;
    for (Family& family : index_.families) {
      family.name_begin = moved(family.name_begin);
      if (family.help_size > 0) family.help_begin = moved(family.help_begin);
    }
    return std::move(index_);
  }

 private:
  [[nodiscard]] Dialect dialect() const { return before_.index.dialect; }

  // Where that byte of the text before, no value's, is in this one.
  [[nodiscard]] std::uint32_t moved(std::uint32_t old_offset) const {
    const auto& olds = before_.index.samples;
    const auto begins = [this](const Sample& sample) {
      return offset(before_.text, sample.line(before_.text));
    };
    const auto next = std::ranges::upper_bound(olds, old_offset, {}, begins);
    if (next == olds.begin()) return old_offset;
    const auto last = static_cast<std::size_t>(next - olds.begin()) - 1;
    const std::string_view old_line = olds[last].line(before_.text);
    const std::string_view line = index_.samples[last].line(text_);
    const std::size_t from_begin = old_offset - offset(before_.text, old_line);
    const bool is_behind = from_begin >= old_line.size();
    const std::size_t longer = is_behind ? line.size() - old_line.size() : 0;
    return static_cast<std::uint32_t>(offset(text_, line) + from_begin + longer);
  }

  std::string_view text_;
  const Exposition& before_;
  Index index_;
  bool has_timestamps_ = false;
  std::size_t end_ = 0;      // of the last sample's line
  std::size_t old_end_ = 0;  // likewise, in the text before
};

}  // namespace

std::optional<Index> rescan(std::string_view text, const Exposition& before) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  // What was no OpenMetrics may be some now.
  if (before.index.dialect == Dialect::kText && ends_as_openmetrics(text)) return std::nullopt;
  Walk walk(text, before);
  auto sample = before.index.samples.begin();
  for (const Family& family : before.index.families) {
    for (const auto end = sample + family.sample_count; sample != end; ++sample) {
      if (!walk.take(*sample, family.type)) return std::nullopt;
    }
  }
  if (!walk.ends_alike()) return std::nullopt;
  return std::move(walk).finish();
}

}  // namespace prometheus_rsocket::exposition
