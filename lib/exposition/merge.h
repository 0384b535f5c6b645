// Decides what stands on the page of many clients: which families, of which type, from whom.
//
// It works on families only, by the names of text (index.h); a writer (page_writer.h) then walks
// the plan and drops equal series. The format tells which types there are, and how names are
// escaped: those that are one when escaped are one family. The rules are in order of seniority:
// sources[0] is the longest-connected client and wins. In steps, since the families of thousands of
// clients may be millions, and others wait for the event loop.
#pragma once

#include <cstdint>
#include <deque>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/sip_hash.h"
#include "exposition/format.h"
#include "exposition/id_table.h"
#include "exposition/index.h"

namespace prometheus_rsocket::exposition {

// One client's payload. Both are borrowed, and index is what read() (read.h) or scan() found in
// text.
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
  std::uint64_t unwritable_dropped = 0;  // samples that the page's format has no way to write

  friend bool operator==(const MergeStats&, const MergeStats&) = default;
};

std::ostream& operator<<(std::ostream& out, const MergeStats& stats);

// A source's share of a family.
struct Part {
  std::uint32_t source = 0;
  std::uint32_t family = 0;  // in that source's index
};

struct MergedFamily {
  std::string_view name;  // escaped if it must be
  std::string_view help;  // as the first client with a text wrote it; empty for none
  FamilyType type = FamilyType::kUntyped;
  Dialect help_dialect = Dialect::kText;  // of that client
  std::uint16_t unit_size = 0;            // likewise
  bool is_degraded = false;
  bool is_help_differing = false;
  bool may_have_quotes = false;    // around a name in a sample
  std::uint32_t sample_count = 0;  // of all parts
  std::uint32_t first_part = 0;    // in Plan::parts; the others follow by next
  std::uint32_t last_part = 0;
};

// The family's unit, when its name, less a suffix of its type, ends in it; else empty.
[[nodiscard]] std::string_view unit_of(const MergedFamily& family, std::string_view less_suffix);

// Views point into the sources' texts, and into it.
class Plan {
 public:
  struct Link {
    Part part;
    std::uint32_t next = kNone;  // of the same family, by seniority
  };
  static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

  // `key`: the process's secret; names are looked up by hash.
  explicit Plan(const base::SipKey& key) : key_(key) {}

  // The family of that name; null for none.
  [[nodiscard]] const MergedFamily* find(std::string_view name) const;

  // In the order in which the sources first have samples of them.
  std::deque<MergedFamily> families;
  std::deque<Link> parts;
  MergeStats stats;  // duplicates_dropped and unwritable_dropped are the writer's to count

 private:
  friend class Merger;
  [[nodiscard]] std::optional<std::uint32_t> position(std::uint64_t hash,
                                                      std::string_view name) const;

  base::SipKey key_;
  IdTable positions_;                      // in families, by name
  std::deque<std::string> escaped_names_;  // which families borrow
};

// - A family of several types: among the scalar ones (untyped also when undeclared) it becomes
//   untyped and all keep their samples; where a histogram or summary is one of them, the junior's
//   family is left out.
// - A family whose name is a sample name of an admitted histogram or summary, or the other way
//   round, would be torn apart by a strict parser: the junior's is left out (within one client, the
//   one its text names later).
// - Families without samples are not there: they neither appear nor win.
class Merger {
 public:
  // `sources` and what they borrow outlive it and its plan. `key` as for Plan.
  Merger(std::span<const Source> sources, const Format& format, const base::SipKey& key)
      : sources_(sources), format_(format), plan_(key) {}

  // Takes in so many more of the sources' families; true as long as there may be more.
  [[nodiscard]] bool advance(std::size_t families);

  // REQUIRES: advance() has returned false.
  [[nodiscard]] Plan finish() &&;

 private:
  void add(Part part);
  void join(MergedFamily& merged, const MergedFamily& other, Part part);
  void keep(const MergedFamily& family, Part part);
  [[nodiscard]] bool clashes(std::string_view name, FamilyType type);

  std::span<const Source> sources_;
  const Format format_;
  Part next_;
  Plan plan_;
  std::string name_;  // here to keep its memory
};

}  // namespace prometheus_rsocket::exposition
