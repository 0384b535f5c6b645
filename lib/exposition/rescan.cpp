#include "exposition/rescan.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "exposition/common_prefix.h"
#include "exposition/line.h"
#include "exposition/scan.h"

namespace prometheus_rsocket::exposition {
namespace {

std::size_t offset(std::string_view text, std::string_view part) {
  return static_cast<std::size_t>(part.data() - text.data());
}

// Walks along both texts, sample by sample, from one difference to the next.
class Walk {
 public:
  Walk(std::string_view text, const Exposition& before) : text_(text), before_(before) {
    index_.samples.reserve(before.index.samples.size());
    compare();
  }

  // From the end of the sample before to the end of this one.
  [[nodiscard]] bool take(const Sample& sample, FamilyType type) {
    const std::string_view line = sample.line(before_.text);
    const std::size_t begin = offset(before_.text, line);
    if (begin < old_end_) return false;
    // Up to its line feed, so that its value has not become longer. Whether an unchanged line has a
    // timestamp or an exemplar is not kept.
    const bool is_same = begin + line.size() < old_same_ && !before_.index.has_timestamps &&
                         !before_.index.has_exemplars;
    return is_same ? take_same(sample, line, begin) : take_other(sample, type, begin);
  }

  // What is behind the last sample.
  [[nodiscard]] bool ends_alike() const {
    return old_same_ == before_.text.size() && end_ + (old_same_ - old_end_) == text_.size();
  }

  [[nodiscard]] Index finish() && {
    index_.families = before_.index.families;
    index_.dialect = dialect();
    index_.has_quoted_names = before_.index.has_quoted_names;
    index_.has_odd_blanks = before_.index.has_odd_blanks;
    index_.has_odd_bounds = before_.index.has_odd_bounds;
    index_.has_odd_braces = before_.index.has_odd_braces;
    index_.has_timestamps = has_timestamps_;
    index_.has_exemplars = has_exemplars_;
    if (!has_moved_) return std::move(index_);
    for (Family& family : index_.families) {
      family.name_begin = moved(family.name_begin, family.first_sample);
      if (family.help_size > 0) {
        family.help_begin = moved(family.help_begin, family.first_sample);
      }
    }
    return std::move(index_);
  }

 private:
  [[nodiscard]] Dialect dialect() const { return before_.index.dialect; }

  void compare() {
    old_same_ = old_end_ +
                common_prefix(text_.substr(end_), std::string_view(before_.text).substr(old_end_));
  }

  bool take_same(const Sample& sample, std::string_view line, std::size_t begin) {
    const std::size_t at = end_ + (begin - old_end_);
    index_.samples.push_back(sample.in(text_, text_.substr(at, line.size())));
    end_ = at + line.size();
    old_end_ = begin + line.size();
    return true;
  }

  bool take_other(const Sample& sample, FamilyType type, std::size_t old_begin) {
    const auto fixed = sample.before_value(before_.text);
    if (!fixed) return false;
    const std::size_t old_value = old_begin + fixed->size();
    if (old_value > old_same_) return false;
    const std::size_t value = end_ + (old_value - old_end_);
    LineRest parts;
    const auto size = take_rest(text_.substr(value), parts);
    if (!size) return false;
    const bool may_be_negative =
        type != FamilyType::kHistogram || is_sum(sample.name(before_.text));
    if (!may_be_negative && is_negative(parts.value)) return false;
    has_timestamps_ |= !parts.timestamp.empty();
    has_exemplars_ |= !parts.exemplar_value.empty();
    const std::size_t begin = value - fixed->size();
    end_ = value + *size;
    old_end_ = old_begin + sample.line(before_.text).size();
    has_moved_ |= end_ - begin != old_end_ - old_begin;
    index_.samples.push_back(sample.in(text_, text_.substr(begin, end_ - begin)));
    // Where the line was the same, what has been compared still holds.
    if (old_same_ <= old_end_) compare();
    return true;
  }

  // From a value on: how much of it is of the line. Nothing when it is not good.
  [[nodiscard]] std::optional<std::size_t> take_rest(std::string_view rest, LineRest& parts) const {
    const std::size_t digits = plain_number_size(rest);
    if (digits > 0 && digits < rest.size() && rest[digits] == '\n') {
      parts.value = rest.substr(0, digits);
      return digits;
    }
    rest = rest.substr(0, rest.find('\n'));
    if (rest.empty() || is_blank(rest.front())) return std::nullopt;  // has_odd_blanks is another
    if (rest.ends_with('\r')) rest.remove_suffix(1);
    if (dialect() == Dialect::kText) {
      trim_blanks_behind(rest);
      if (read_rest(rest, Dialect::kText, parts)) return std::nullopt;
      return rest.size();
    }
    // With the space before it, which is one of the bytes that both have.
    const std::string_view spaced{rest.data() - 1, rest.size() + 1};
    if (read_rest(spaced, Dialect::kOpenMetrics, parts)) return std::nullopt;
    if (rest.find('\0') != std::string_view::npos) return std::nullopt;  // in an exemplar
    return rest.size();
  }

  // Where that byte of the text before, no value's, is in this one. `next`: the sample behind it,
  // probably.
  [[nodiscard]] std::uint32_t moved(std::uint32_t old_offset, std::size_t next) const {
    const auto& olds = before_.index.samples;
    const auto begins = [this](const Sample& sample) {
      return offset(before_.text, sample.line(before_.text));
    };
    const bool is_next = next < olds.size() && begins(olds[next]) > old_offset &&
                         (next == 0 || begins(olds[next - 1]) <= old_offset);
    if (!is_next) {
      next = static_cast<std::size_t>(std::ranges::upper_bound(olds, old_offset, {}, begins) -
                                      olds.begin());
    }
    if (next == 0) return old_offset;
    const std::string_view old_line = olds[next - 1].line(before_.text);
    const std::string_view line = index_.samples[next - 1].line(text_);
    const std::size_t from_begin = old_offset - offset(before_.text, old_line);
    const bool is_behind = from_begin >= old_line.size();
    const std::size_t longer = is_behind ? line.size() - old_line.size() : 0;
    return static_cast<std::uint32_t>(offset(text_, line) + from_begin + longer);
  }

  std::string_view text_;
  const Exposition& before_;
  Index index_;
  bool has_timestamps_ = false;
  bool has_exemplars_ = false;
  bool has_moved_ = false;    // a line that is longer or shorter than before
  std::size_t end_ = 0;       // of the last sample's line
  std::size_t old_end_ = 0;   // likewise, in the text before
  std::size_t old_same_ = 0;  // up to where that goes on like this one
};

}  // namespace

std::optional<Index> rescan(std::string_view text, const Exposition& before) {
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
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
