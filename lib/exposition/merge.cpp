#include "exposition/merge.h"

#include <algorithm>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "exposition/id_table.h"

namespace prometheus_rsocket::exposition {
namespace {

class Merger {
 public:
  explicit Merger(const base::SipKey& key) : key_(key) {}

  void add(const Source& source, Part part) {
    const Family& family = source.index->families[part.family];
    if (family.sample_count == 0) return;
    const std::string_view name = family.name(source.text);
    const std::string_view help = family.help(source.text);
    if (const auto position = find(name)) {
      join(*position, family.type, help, part);
    } else if (clashes(name, family.type)) {
      ++plan_.stats.families_clashing;
    } else {
      const auto fresh = static_cast<std::uint32_t>(plan_.families.size());
      positions_.find_or_insert(base::sip_hash(key_, name), fresh,
                                [](std::uint32_t) { return false; });
      plan_.families.push_back({name, help, family.type, {part}});
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

  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name) const {
    return positions_.find(base::sip_hash(key_, name), [&](std::uint32_t position) {
      return plan_.families[position].name == name;
    });
  }

  void join(std::uint32_t position, FamilyType type, std::string_view help, Part part) {
    MergedFamily& merged = plan_.families[position];
    if (type != merged.type) {
      if (is_structural(type) || is_structural(merged.type)) {
        ++plan_.stats.families_dropped;
        return;
      }
      merged.type = FamilyType::kUntyped;
      states_[position].is_degraded = true;
    }
    if (merged.help.empty()) merged.help = help;
    if (!help.empty() && help != merged.help) {
      states_[position].is_help_differing = true;
    }
    merged.parts.push_back(part);
  }

  // Two structural families never own the same suffixed name, since no suffix ends in another: it
  // is enough to look for a family's own name among the others' names, both ways.
  bool clashes(std::string_view name, FamilyType type) {
    const std::string_view base = structural_base(name);
    if (const auto position = base.empty() ? std::nullopt : find(base)) {
      if (owns_suffix(plan_.families[*position].type, base, name)) return true;
    }
    for (const std::string_view suffix : suffixes(type)) {
      name_.assign(name).append(suffix);
      if (find(name_)) return true;
    }
    return false;
  }

  const base::SipKey key_;
  Plan plan_;
  std::vector<State> states_;  // beside plan_.families until they are sorted
  IdTable positions_;          // of both, by name
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

Plan merge(std::span<const Source> sources, const base::SipKey& key) {
  Merger merger(key);
  for (std::uint32_t i = 0; i < sources.size(); ++i) {
    const std::size_t count = sources[i].index->families.size();
    for (std::uint32_t j = 0; j < count; ++j) merger.add(sources[i], {i, j});
  }
  return std::move(merger).finish();
}

}  // namespace prometheus_rsocket::exposition
