#include "exposition/merge.h"

#include <algorithm>
#include <ostream>
#include <string>
#include <unordered_map>
#include <utility>

namespace prometheus_rsocket::exposition {
namespace {

class Merger {
 public:
  void add(const Family& family, Part part) {
    if (family.sample_count == 0) return;
    if (const auto entry = positions_.find(family.name); entry != positions_.end()) {
      join(entry->second, family, part);
    } else if (clashes(family)) {
      ++plan_.stats.families_clashing;
    } else {
      positions_.emplace(family.name, plan_.families.size());
      plan_.families.push_back({family.name, family.help, family.type, {part}});
      states_.emplace_back();
    }
  }

  Plan finish() && {
    for (const State& state : states_) {
      plan_.stats.types_degraded += state.is_degraded ? 1 : 0;
      plan_.stats.help_differing += state.is_help_differing ? 1 : 0;
    }
    std::sort(plan_.families.begin(), plan_.families.end(),
              [](const MergedFamily& a, const MergedFamily& b) { return a.name < b.name; });
    return std::move(plan_);
  }

 private:
  struct State {
    bool is_degraded = false;
    bool is_help_differing = false;
  };

  void join(std::size_t position, const Family& family, Part part) {
    MergedFamily& merged = plan_.families[position];
    if (family.type != merged.type) {
      if (is_structural(family.type) || is_structural(merged.type)) {
        ++plan_.stats.families_dropped;
        return;
      }
      merged.type = FamilyType::kUntyped;
      states_[position].is_degraded = true;
    }
    if (merged.help.empty()) merged.help = family.help;
    if (!family.help.empty() && family.help != merged.help) {
      states_[position].is_help_differing = true;
    }
    merged.parts.push_back(part);
  }

  // Two structural families never own the same suffixed name, since no suffix ends in another: it
  // is enough to look for a family's own name among the others' names, both ways.
  bool clashes(const Family& family) {
    const std::string_view base = structural_base(family.name);
    if (const auto entry = positions_.find(base); !base.empty() && entry != positions_.end()) {
      if (owns_suffix(plan_.families[entry->second].type, base, family.name)) return true;
    }
    for (const std::string_view suffix : suffixes(family.type)) {
      name_.assign(family.name).append(suffix);
      if (positions_.contains(name_)) return true;
    }
    return false;
  }

  Plan plan_;
  std::vector<State> states_;  // beside plan_.families until they are sorted
  std::unordered_map<std::string_view, std::size_t> positions_;  // order never seen
  std::string name_;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const MergeStats& stats) {
  return out << "types_degraded=" << stats.types_degraded
             << " families_dropped=" << stats.families_dropped
             << " families_clashing=" << stats.families_clashing
             << " help_differing=" << stats.help_differing
             << " duplicates_dropped=" << stats.duplicates_dropped;
}

Plan merge(std::span<const Source> sources) {
  Merger merger;
  for (std::uint32_t i = 0; i < sources.size(); ++i) {
    const std::vector<Family>& families = sources[i].index->families;
    for (std::uint32_t j = 0; j < families.size(); ++j) merger.add(families[j], {i, j});
  }
  return std::move(merger).finish();
}

}  // namespace prometheus_rsocket::exposition
