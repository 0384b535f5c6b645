// Decides what stands on the page of many clients: which families, of which type, from whom.
//
// merge() works on families only and is independent of the format that is written; a writer
// (page_writer.h) then walks the plan and drops equal series. The rules are in order of seniority:
// sources[0] is the longest-connected client and wins.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <span>
#include <string_view>
#include <vector>

#include "exposition/scan.h"

namespace prometheus_rsocket::exposition {

// One client's payload. Both are borrowed, and index must be scan(text)'s.
struct Source {
  std::string_view text;
  const Index* index = nullptr;
};

// What the merge took away, by kind, for the proxy's own metrics.
struct MergeStats {
  std::uint64_t types_degraded = 0;      // families whose scalar types differ: written as untyped
  std::uint64_t families_dropped = 0;    // a client's family of another type than its seniors'
  std::uint64_t families_clashing = 0;   // `foo_count` beside a histogram `foo`, and the like
  std::uint64_t help_differing = 0;      // families with more than one HELP text
  std::uint64_t duplicates_dropped = 0;  // samples of a series that a senior has

  friend bool operator==(const MergeStats&, const MergeStats&) = default;
};

std::ostream& operator<<(std::ostream& out, const MergeStats& stats);

// A source's share of a family.
struct Part {
  std::uint32_t source = 0;
  std::uint32_t family = 0;  // in that source's index
};

struct MergedFamily {
  std::string_view name;
  std::string_view help;  // as the first client with a text wrote it; empty for none
  FamilyType type = FamilyType::kUntyped;
  std::vector<Part> parts;  // by seniority
};

// The families by name, bytewise; all views point into the sources' texts.
struct Plan {
  std::vector<MergedFamily> families;
  MergeStats stats;  // duplicates_dropped is the writer's to count
};

// - A family of several types: among counter, gauge and untyped (also when undeclared) it becomes
//   untyped and all keep their samples; where a histogram or summary is one of them, the junior's
//   family is left out.
// - A family whose name is a sample name of an admitted histogram or summary, or the other way
//   round, would be torn apart by a strict parser: the junior's is left out (within one client, the
//   one its text names later).
// - Families without samples are not there: they neither appear nor win.
//
// `key`: the process's secret; names are looked up by hash.
[[nodiscard]] Plan merge(std::span<const Source> sources, const base::SipKey& key);

}  // namespace prometheus_rsocket::exposition
