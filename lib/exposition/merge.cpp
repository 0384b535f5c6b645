#include "exposition/merge.h"

#include <ostream>
#include <utility>

#include "base/check.h"
#include "exposition/exposition.h"

namespace prometheus_rsocket::exposition {

static_assert(sizeof(MergedFamily) + sizeof(Plan::Link) + IdTable::kBytesPerIdMax <=
              kPlanBytesPerFamily);

std::ostream& operator<<(std::ostream& out, const MergeStats& stats) {
  return out << "types_degraded=" << stats.types_degraded
             << " families_dropped=" << stats.families_dropped
             << " families_clashing=" << stats.families_clashing
             << " help_differing=" << stats.help_differing
             << " duplicates_dropped=" << stats.duplicates_dropped;
}

bool Merger::advance(std::size_t families) {
  while (families > 0 && next_.source < sources_.size()) {
    if (next_.family == sources_[next_.source].index->families.size()) {
      next_ = {next_.source + 1, 0};
      continue;
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

void Merger::add(Part part) {
  const Source& source = sources_[part.source];
  const Family& family = source.index->families[part.family];
  if (family.sample_count == 0) return;
  const std::string_view name = family.name(source.text);
  const std::string_view help = family.help(source.text);
  if (MergedFamily* const merged = find(name)) {
    join(*merged, family.type, help, part);
  } else if (clashes(name, family.type)) {
    ++plan_.stats.families_clashing;
  } else {
    const auto fresh = static_cast<std::uint32_t>(plan_.families.size());
    const auto first = static_cast<std::uint32_t>(plan_.parts.size());
    positions_.find_or_insert(base::sip_hash(key_, name), fresh,
                              [](std::uint32_t) { return false; });
    plan_.families.push_back(
        {.name = name, .help = help, .type = family.type, .first_part = first, .last_part = first});
    plan_.parts.push_back({part});
  }
}

MergedFamily* Merger::find(std::string_view name) {
  const auto position = positions_.find(base::sip_hash(key_, name), [&](std::uint32_t candidate) {
    return plan_.families[candidate].name == name;
  });
  return position ? &plan_.families[*position] : nullptr;
}

void Merger::join(MergedFamily& merged, FamilyType type, std::string_view help, Part part) {
  if (type != merged.type) {
    if (is_structural(type) || is_structural(merged.type)) {
      ++plan_.stats.families_dropped;
      return;
    }
    merged.type = FamilyType::kUntyped;
    if (!std::exchange(merged.is_degraded, true)) ++plan_.stats.types_degraded;
  }
  if (merged.help.empty()) merged.help = help;
  if (!help.empty() && help != merged.help && !std::exchange(merged.is_help_differing, true)) {
    ++plan_.stats.help_differing;
  }
  const auto fresh = static_cast<std::uint32_t>(plan_.parts.size());
  plan_.parts.push_back({part});
  plan_.parts[merged.last_part].next = fresh;
  merged.last_part = fresh;
}

// Two structural families never own the same suffixed name, since no suffix ends in another: it is
// enough to look for a family's own name among the others' names, both ways.
bool Merger::clashes(std::string_view name, FamilyType type) {
  const std::string_view base = structural_base(name);
  if (const MergedFamily* const owner = base.empty() ? nullptr : find(base)) {
    if (owns_suffix(owner->type, base, name)) return true;
  }
  for (const std::string_view suffix : suffixes(type)) {
    name_.assign(name).append(suffix);
    if (find(name_) != nullptr) return true;
  }
  return false;
}

}  // namespace prometheus_rsocket::exposition
