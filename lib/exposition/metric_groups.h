// Brings the samples of a family together by metric, one client's share of it after the other.
// Internal to lib/exposition.
//
// A metric (series.h) is what text has as several lines, in any order: `foo_count`, `foo_sum` and
// each `foo_bucket` of a label set. Of a scalar family it is a series, with its `foo_created`.
//
// The memory of a share's samples is used again for the next share; of metrics there remains what
// tells them from those of others, 64 bytes for each at most, and labels whose names had to be
// escaped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sip_hash.h"
#include "exposition/format.h"
#include "exposition/id_table.h"
#include "exposition/index.h"
#include "exposition/label.h"
#include "exposition/merge.h"

namespace prometheus_rsocket::exposition {

// What a sample is to its metric.
enum class MetricPart : std::uint8_t { kValue, kBucket, kQuantile, kCount, kSum, kCreated };

class MetricGroups {
 public:
  struct Member {
    const Sample* sample = nullptr;
    std::uint32_t next = kNone;  // of the same metric, in the order of the text; created last
    MetricPart part = MetricPart::kValue;
  };
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

  // `key`: the process's secret.
  MetricGroups(Escaping escaping, const base::SipKey& key) : escaping_(escaping), key_(key) {}

  // Forgets all metrics. The texts and indexes of the family's sources are borrowed until the next.
  void begin_family(FamilyType type, std::string_view name);
  // Forgets the samples, and remembers their metrics. REQUIRES: share is in source.
  void begin_share(const Source& source, const Family& share);

  // Takes in the share's next sample; gives the size of its line, and 0 when there is none left.
  // Counts those of a senior's metric as duplicates, and those that are no part of any metric as
  // unwritable: what has no label `le` or `quantile` where it should or has one where it should
  // not, a `_created` of nothing, labels of which two have one name when escaped.
  [[nodiscard]] std::size_t take(MergeStats& stats);

  // The share's metrics, when all its samples are taken in, in the order of their first ones.
  [[nodiscard]] std::size_t size() const { return groups_.size(); }
  // With their names escaped, and perhaps with a bound.
  [[nodiscard]] std::string_view labels(std::size_t metric) const {
    return keys_[first_of_share_ + metric];
  }
  [[nodiscard]] std::uint32_t first(std::size_t metric) const { return groups_[metric].first; }
  [[nodiscard]] const Member& member(std::uint32_t at) const { return members_[at]; }

  [[nodiscard]] FamilyType type() const { return type_; }
  [[nodiscard]] const Source& source() const { return *source_; }

 private:
  struct Group {
    std::uint32_t first = kNone;  // in members_
    std::uint32_t last = kNone;
  };

  enum class Fit : std::uint8_t { kPart, kNoPart, kLeftOut };
  [[nodiscard]] Fit part_of(const Sample& sample, MetricPart& part);
  void add(const Sample& sample, MetricPart part, MergeStats& stats);
  [[nodiscard]] std::optional<std::uint32_t> metric_of(const Sample& sample, MetricPart part);
  [[nodiscard]] std::uint32_t hash() const;
  std::uint32_t find_or_insert(std::uint32_t hash, std::string_view labels, std::string* escaped);

  const Escaping escaping_;
  const base::SipKey key_;
  FamilyType type_ = FamilyType::kUntyped;
  std::string_view family_name_;
  const Source* source_ = nullptr;
  const Family* share_ = nullptr;
  std::string_view share_name_;
  std::size_t next_ = 0;      // sample of the share; those of `_created` come in a second round
  bool has_created_ = false;  // so that there is one

  IdTable ids_;                         // in keys_
  std::vector<std::string_view> keys_;  // the labels of the family's metrics
  std::deque<std::string> escaped_;     // which keys_ borrow
  std::uint32_t first_of_share_ = 0;    // in keys_
  std::vector<Group> groups_;           // of the share's metrics
  std::vector<Member> members_;

  bool may_escape_ = false;               // names of the share
  std::vector<LabelView> labels_;         // of a sample that is looked at, without its bound
  std::vector<LabelView> last_labels_;    // of the one before in a histogram or summary, when it is
  std::optional<std::uint32_t> last_id_;  // of this metric: its lines mostly are together
};

}  // namespace prometheus_rsocket::exposition
