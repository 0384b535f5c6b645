// Collects what a dialect's reader finds in a text, and makes its index. Internal to
// lib/exposition.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sip_hash.h"
#include "exposition/id_table.h"
#include "exposition/index.h"
#include "exposition/line.h"
#include "exposition/series_reader.h"

namespace prometheus_rsocket::exposition {

class IndexBuilder {
 public:
  // `key`: the process's secret; names are looked up by hash.
  IndexBuilder(std::string_view text, Dialect dialect, const base::SipKey& key);

  // Makes room for a sample on each line of the text, within so many bytes.
  void expect_lines_of(std::string_view text, std::size_t bytes_max);
  // What the index takes by now, and what making it does.
  [[nodiscard]] std::size_t bytes() const {
    return index_.samples.size() * sizeof(Sample) + runs_.size() * sizeof(Run) +
           names_.size() * (sizeof(Family) + sizeof(Name) + IdTable::kBytesPerIdMax);
  }

  // What metadata says of a name; the last one counts. Views are into the text.
  void set_help(std::string_view name, std::string_view help);
  // False where the name had another type, of Dialect::kProtobuf: there it is the family of the
  // samples that follow, whatever they are called.
  [[nodiscard]] bool set_type(std::string_view name, FamilyType type);
  void set_gauge_histogram(std::string_view name);
  void set_unit(std::string_view name, std::string_view unit);

  // `series` has just read the line.
  void add_sample(std::string_view line, const SeriesReader& series, const LineRest& rest);

  // A sample that is wrong in a family of its type.
  struct BadSample {
    std::size_t offset = 0;
    ScanReason reason{};
  };
  // All lines were read: the types are known, and whose the samples are. The first that is wrong.
  [[nodiscard]] std::optional<BadSample> close();

  // REQUIRES: close() has found nothing.
  [[nodiscard]] Index finish() &&;

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  struct Name {
    bool is_declared = false;  // by metadata of its own
    bool is_gauge_histogram = false;
    std::uint32_t bad_le = kNone;  // the first sample with one; an offset, as the next
    std::uint32_t bad_quantile = kNone;
    std::uint32_t negative = kNone;
    std::uint32_t owner = kNone;  // whose family its samples are of
  };
  // Samples of one name that follow each other.
  struct Run {
    std::uint32_t name = 0;  // in the end its family
    std::uint32_t count = 0;
    FamilyType hashed_as{};
  };

  [[nodiscard]] std::uint32_t offset(std::string_view part) const {
    return static_cast<std::uint32_t>(part.data() - text_.data());
  }
  [[nodiscard]] auto is_named(std::string_view name) const {
    return [this, name](std::uint32_t id) { return index_.families[id].name(text_) == name; };
  }
  [[nodiscard]] std::uint32_t name_of(const SeriesReader& series);
  std::uint32_t id_of(std::string_view name);
  Family& declared(std::string_view name);
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name) const;
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view base, std::string_view suffix);

  void find_owners();
  [[nodiscard]] std::uint32_t owner_of(std::uint32_t id) const;
  void name_as_in_text(std::uint32_t id);
  void hand_over(std::uint32_t id, std::string_view suffix, FamilyType type);
  void drop_families_owned_by_others(std::vector<std::uint32_t>& owners);
  void bring_families_together();
  void hash_by_their_types();

  std::string_view text_;
  const base::SipKey key_;
  Index index_;
  std::vector<Name> names_;  // beside index_.families until finish()
  IdTable ids_;              // positions of both, by name
  std::vector<Run> runs_;
  std::uint32_t last_ = 0;
  std::uint32_t family_ = 0;  // in Dialect::kProtobuf: of the samples that follow
  std::string joined_;        // here to keep its memory
};

}  // namespace prometheus_rsocket::exposition
