#include "exposition/merge.h"

#include <ostream>
#include <utility>

#include "base/check.h"
#include "exposition/exposition.h"
#include "exposition/names.h"
#include "exposition/prefetch.h"

namespace prometheus_rsocket::exposition {

static_assert(sizeof(MergedFamily) + sizeof(Plan::Link) + IdTable::kBytesPerIdMax <=
              kPlanBytesPerFamily);

std::ostream& operator<<(std::ostream& out, const MergeStats& stats) {
  return out << "types_degraded=" << stats.types_degraded
             << " families_dropped=" << stats.families_dropped
             << " families_clashing=" << stats.families_clashing
             << " help_differing=" << stats.help_differing
             << " duplicates_dropped=" << stats.duplicates_dropped
             << " unwritable_dropped=" << stats.unwritable_dropped;
}

std::string_view unit_of(const MergedFamily& family, std::string_view less_suffix) {
  const std::size_t size = family.unit_size;
  const bool has_unit =
      size > 0 && less_suffix.size() > size && less_suffix[less_suffix.size() - size - 1] == '_';
  return has_unit ? less_suffix.substr(less_suffix.size() - size) : std::string_view{};
}

bool Merger::advance(std::size_t families) {
  constexpr std::size_t kAhead = 8;
  while (families > 0 && next_.source < sources_.size()) {
    const Source& source = sources_[next_.source];
    const auto& shares = source.index->families;
    if (next_.family == shares.size()) {
      next_ = {next_.source + 1, 0};
      continue;
    }
    if (next_.family + kAhead < shares.size()) {
      const Family& later = shares[next_.family + kAhead];
      prefetch(source.text.data() + later.name_begin, later.name_size);
      prefetch(source.text.data() + later.help_begin, later.help_size);
    }
    add(next_);
    ++next_.family;
    --families;
  }
  return next_.source < sources_.size();
}

Plan Merger::finish() && {
  CHECK(next_.source == sources_.size(), "all families have been taken in");
  return std::move(plan_);
}

std::optional<std::uint32_t> Plan::position(std::uint64_t hash, std::string_view name) const {
  return positions_.find(hash,
                         [&](std::uint32_t candidate) { return families[candidate].name == name; });
}

const MergedFamily* Plan::find(std::string_view name) const {
  const auto found = position(base::sip_hash(key_, name), name);
  return found ? &families[*found] : nullptr;
}

void Merger::add(Part part) {
  const Source& source = sources_[part.source];
  const Family& share = source.index->families[part.family];
  if (share.sample_count == 0) return;
  const bool is_openmetrics = format_.syntax == Syntax::kOpenMetrics;
  const FamilyType type = is_openmetrics ? share.type : text_type(share.type);
  std::string_view name = share.name(source.text);
  const bool may_change = source.index->has_quoted_names || format_.escaping == Escaping::kDots;
  if (may_change && needs_escape(name, NameKind::kMetric, format_.escaping)) {
    plan_.escaped_names_.push_back(escape_name(name, NameKind::kMetric, format_.escaping));
    name = plan_.escaped_names_.back();
  }
  keep({.name = name,
        .help = share.help(source.text),
        .type = type,
        .help_dialect = source.index->dialect,
        .unit_size = type == share.type ? share.unit_size : std::uint16_t{0},
        .may_have_quotes = source.index->has_quoted_names,
        .sample_count = share.sample_count},
       part);
}

void Merger::keep(const MergedFamily& family, Part part) {
  const std::uint64_t hash = base::sip_hash(plan_.key_, family.name);
  if (const auto position = plan_.position(hash, family.name)) {
    return join(plan_.families[*position], family, part);
  }
  if (clashes(family.name, family.type)) {
    ++plan_.stats.families_clashing;
    return;
  }
  const auto fresh = static_cast<std::uint32_t>(plan_.families.size());
  plan_.positions_.find_or_insert(hash, fresh, [](std::uint32_t) { return false; });
  plan_.families.push_back(family);
  plan_.families.back().first_part = plan_.families.back().last_part =
      static_cast<std::uint32_t>(plan_.parts.size());
  plan_.parts.push_back({part});
}

void Merger::join(MergedFamily& merged, const MergedFamily& other, Part part) {
  if (other.type != merged.type) {
    if (is_structural(other.type) || is_structural(merged.type)) {
      ++plan_.stats.families_dropped;
      return;
    }
    merged.type = FamilyType::kUntyped;
    if (!std::exchange(merged.is_degraded, true)) ++plan_.stats.types_degraded;
  }
  if (merged.help.empty()) {
    merged.help = other.help;
    merged.help_dialect = other.help_dialect;
  }
  if (!other.help.empty() && other.help != merged.help &&
      !std::exchange(merged.is_help_differing, true)) {
    ++plan_.stats.help_differing;
  }
  if (merged.unit_size == 0) merged.unit_size = other.unit_size;
  merged.may_have_quotes |= other.may_have_quotes;
  merged.sample_count += other.sample_count;
  const auto fresh = static_cast<std::uint32_t>(plan_.parts.size());
  plan_.parts.push_back({part});
  plan_.parts[merged.last_part].next = fresh;
  merged.last_part = fresh;
}

// Two structural families never own the same suffixed name, since no suffix ends in another: it is
// enough to look for a family's own name among the others' names, both ways.
bool Merger::clashes(std::string_view name, FamilyType type) {
  const std::string_view base = structural_base(name);
  if (const MergedFamily* const owner = base.empty() ? nullptr : plan_.find(base)) {
    if (owns_suffix(owner->type, base, name)) return true;
  }
  for (const std::string_view suffix : suffixes(type)) {
    name_.assign(name).append(suffix);
    if (plan_.find(name_) != nullptr) return true;
  }
  return false;
}

}  // namespace prometheus_rsocket::exposition
