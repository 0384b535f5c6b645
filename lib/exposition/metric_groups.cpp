#include "exposition/metric_groups.h"

#include <utility>

#include "exposition/label.h"
#include "exposition/series.h"

namespace prometheus_rsocket::exposition {
namespace {

bool has_label(std::string_view labels, std::string_view name) {
  while (const auto label = take_label(labels)) {
    if (label->name == name) return true;
  }
  return false;
}

}  // namespace

void MetricGroups::begin_family(FamilyType type) {
  type_ = type;
  ids_.restart(0);
  keys_.clear();
  escaped_.clear();
}

void MetricGroups::begin_share(const Source& source, const Family& share) {
  source_ = &source;
  share_ = &share;
  share_name_ = share.name(source.text);
  next_ = 0;
  has_created_ = false;
  first_of_share_ = static_cast<std::uint32_t>(keys_.size());
  groups_.clear();
  members_.clear();
}

std::size_t MetricGroups::take(MergeStats& stats) {
  const std::size_t count = share_->sample_count;
  if (next_ == (has_created_ ? 2 * count : count)) return 0;
  const bool is_second_round = next_ >= count;
  const std::size_t at = share_->first_sample + next_++ - (is_second_round ? count : 0);
  const Sample& sample = source_->index->samples[at];
  MetricPart part = MetricPart::kValue;
  const Fit fit = part_of(sample, part);
  const bool is_created = fit == Fit::kPart && part == MetricPart::kCreated;
  has_created_ |= is_created;
  if (is_created == is_second_round) {
    if (fit == Fit::kPart) add(sample, part, stats);
    if (fit == Fit::kNoPart) ++stats.unwritable_dropped;
  }
  return sample.line(source_->text).size();
}

MetricGroups::Fit MetricGroups::part_of(const Sample& sample, MetricPart& part) const {
  const std::string_view name = sample.name(source_->text);
  if (!is_structural(type_)) {
    if (name == share_name_) return Fit::kPart;
    part = MetricPart::kCreated;
    return type_ == FamilyType::kCounter ? Fit::kPart : Fit::kLeftOut;
  }
  const bool has_bound = has_label(sample.labels(source_->text), bound_label(type_));
  const bool is_histogram = type_ == FamilyType::kHistogram;
  const std::string_view suffix = name.substr(share_name_.size());
  if (suffix.empty() || suffix == "_bucket") {
    part = is_histogram ? MetricPart::kBucket : MetricPart::kQuantile;
    const bool is_right = is_histogram != suffix.empty();
    return is_right && has_bound ? Fit::kPart : Fit::kNoPart;
  }
  part = suffix == "_count" ? MetricPart::kCount
         : suffix == "_sum" ? MetricPart::kSum
                            : MetricPart::kCreated;
  return has_bound ? Fit::kNoPart : Fit::kPart;
}

void MetricGroups::add(const Sample& sample, MetricPart part, MergeStats& stats) {
  std::string escaped;
  const auto labels = escape_labels(sample.labels(source_->text), escaping_, escaped);
  const bool is_created = part == MetricPart::kCreated;
  const auto id = labels ? metric_of(*labels, is_created, escaped) : std::nullopt;
  if (!id) {
    ++stats.unwritable_dropped;
    return;
  }
  if (*id < first_of_share_) {
    ++stats.duplicates_dropped;
    return;
  }
  if (*id - first_of_share_ == groups_.size()) groups_.emplace_back();
  Group& group = groups_[*id - first_of_share_];
  const auto fresh = static_cast<std::uint32_t>(members_.size());
  members_.push_back({&sample, kNone, part});
  (group.first == kNone ? group.first : members_[group.last].next) = fresh;
  group.last = fresh;
}

// Its place in keys_, where it is now at the latest; nothing for the `_created` of none.
std::optional<std::uint32_t> MetricGroups::metric_of(std::string_view labels, bool is_created,
                                                     std::string& escaped) {
  const std::uint32_t hash = metric_hash(key_, type_, labels);
  const auto is_same = [&](std::uint32_t id) { return same_metric(type_, keys_[id], labels); };
  if (is_created) return ids_.find(hash, is_same);
  const auto fresh = static_cast<std::uint32_t>(keys_.size());
  const std::uint32_t id = ids_.find_or_insert(hash, fresh, is_same);
  if (id != fresh) return id;
  const bool is_borrowed = labels.data() != escaped.data();
  keys_.push_back(is_borrowed ? labels : escaped_.emplace_back(std::move(escaped)));
  return id;
}

}  // namespace prometheus_rsocket::exposition
