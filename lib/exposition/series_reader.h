// Reads the name and labels of sample lines, one after the other. Internal to lib/exposition.
//
// Lines of one family differ in their last labels: what a line has in common with the one before is
// not read again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/sip_hash.h"
#include "exposition/family.h"
#include "exposition/format.h"
#include "exposition/line.h"

namespace prometheus_rsocket::exposition {

class SeriesReader {
 public:
  // `key`: the process's secret, for the hashes.
  SeriesReader(Dialect dialect, const base::SipKey& key) : dialect_(dialect), key_(key) {}

  // Of the family that comes next, as far as is known.
  void set_type(FamilyType type);

  // Takes them off the front of the line. Views are into the line, which outlives the next read().
  [[nodiscard]] LineFailure read(std::string_view line, std::string_view& rest);

  // Of the line that was read last, if it was good.
  [[nodiscard]] std::string_view name() const {
    return line_.substr(state_.name_begin, state_.name_size);
  }
  [[nodiscard]] std::string_view labels() const { return labels_; }  // no data without braces
  // Whether that is the name of the line before.
  [[nodiscard]] bool has_same_name() const { return has_same_name_; }
  // series_hash() of a family of type().
  [[nodiscard]] std::uint32_t hash() const;
  [[nodiscard]] FamilyType type() const { return type_; }
  [[nodiscard]] bool has_quoted_name() const { return state_.has_quoted_name; }
  [[nodiscard]] bool has_blanks() const { return state_.has_blanks; }
  [[nodiscard]] bool has_odd_bound() const { return state_.has_odd_bound; }
  [[nodiscard]] bool has_bad_le() const { return state_.has_bad_le; }
  [[nodiscard]] bool has_bad_quantile() const { return state_.has_bad_quantile; }

 private:
  // What is known of a line up to some place between two labels.
  struct State {
    std::size_t name_begin = 0;
    std::size_t name_size = 0;  // 0: not yet read
    std::uint64_t hash_sum = 0;
    std::size_t names = 0;  // so many of names_
    bool has_quoted_name = false;
    bool has_blanks = false;
    bool has_odd_bound = false;  // a label that would be written otherwise, were it a bound
    bool has_bad_le = false;
    bool has_bad_quantile = false;
  };
  struct Checkpoint {
    std::size_t at = 0;  // in the line
    State state;
  };

  void forget_from(std::string_view line);
  [[nodiscard]] LineFailure read_name(std::string_view line, std::string_view& rest);
  [[nodiscard]] LineFailure read_labels(std::string_view line, std::string_view& rest);
  [[nodiscard]] LineFailure take(const LineElement& element);
  [[nodiscard]] bool has_repeated_name();

  const Dialect dialect_;
  const base::SipKey key_;
  std::string_view line_;  // the one that the checkpoints are of
  FamilyType type_ = FamilyType::kUntyped;
  State state_;
  bool has_same_name_ = false;
  std::string_view labels_;
  std::vector<Checkpoint> checkpoints_;   // the first behind the brace
  std::vector<std::string_view> names_;   // of labels
  std::vector<std::string_view> sorted_;  // here to keep its memory
};

}  // namespace prometheus_rsocket::exposition
