#include "exposition/metric_groups.h"

#include <utility>

#include "exposition/label.h"
#include "exposition/series.h"

namespace prometheus_rsocket::exposition {
void MetricGroups::begin_family(FamilyType type, std::string_view name) {
  type_ = type;
  family_name_ = name;
  ids_.restart(0);
  keys_.clear();
  escaped_.clear();
}

void MetricGroups::begin_share(const Source& source, const Family& share) {
  source_ = &source;
  share_ = &share;
  share_name_ = share.name(source.text);
  may_escape_ = source.index->has_quoted_names || escaping_ == Escaping::kDots;
  last_id_.reset();
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

MetricGroups::Fit MetricGroups::part_of(const Sample& sample, MetricPart& part) {
  const std::string_view name = sample.name(source_->text);
  if (!is_structural(type_)) {
    if (name == share_name_) return Fit::kPart;
    part = MetricPart::kCreated;
    return type_ == FamilyType::kCounter ? Fit::kPart : Fit::kLeftOut;
  }
  const bool has_bound = take_metric_labels(type_, sample.labels(source_->text), labels_);
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
  const auto id = metric_of(sample, part);
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

// Its place in keys_, where it is now at the latest; nothing for the `_created` of none, and where
// two labels have one name.
std::optional<std::uint32_t> MetricGroups::metric_of(const Sample& sample, MetricPart part) {
  const std::string_view raw = sample.labels(source_->text);
  std::string_view labels = raw;
  std::string escaped;
  if (may_escape_) {
    const auto found = escape_labels(raw, escaping_, escaped);
    if (!found) return std::nullopt;
    labels = *found;
  }
  const bool is_escaped = labels.data() != raw.data();
  const bool is_created = part == MetricPart::kCreated;
  const bool is_hashed = !may_escape_ && part == MetricPart::kValue;
  if (is_hashed) return find_or_insert(sample.hash(), labels, nullptr);
  if (may_escape_ || !is_structural(type_)) {
    static_cast<void>(take_metric_labels(type_, labels, labels_));
  }
  if (is_created) {
    return ids_.find(hash(),
                     [&](std::uint32_t id) { return same_metric(type_, keys_[id], labels); });
  }
  if (is_escaped) return find_or_insert(hash(), labels, &escaped);
  if (last_id_ && labels_ == last_labels_) return last_id_;
  last_id_ = find_or_insert(hash(), labels, nullptr);
  std::swap(labels_, last_labels_);
  return last_id_;
}

// Of labels_. That of a scalar series is as it was scanned.
std::uint32_t MetricGroups::hash() const {
  std::uint64_t sum = 0;
  for (const LabelView& label : labels_) sum += label_hash(key_, label);
  return fold_hash(family_name_, sum);
}

std::uint32_t MetricGroups::find_or_insert(std::uint32_t hash, std::string_view labels,
                                           std::string* escaped) {
  const auto fresh = static_cast<std::uint32_t>(keys_.size());
  const std::uint32_t id = ids_.find_or_insert(
      hash, fresh, [&](std::uint32_t other) { return same_metric(type_, keys_[other], labels); });
  if (id != fresh) return id;
  keys_.push_back(escaped == nullptr ? labels : escaped_.emplace_back(std::move(*escaped)));
  return id;
}

}  // namespace prometheus_rsocket::exposition
