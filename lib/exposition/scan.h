// Reads one client's payload in text 0.0.4: is it valid, and where are its families and samples?
//
// This is the gate before the merge (merge.h): what scan() lets in cannot spoil the page of all
// clients. It accepts what Prometheus' text parser accepts, passes over what is harmless (CRLF line
// ends, a missing last newline, comments and with them a final `# EOF`), and rejects the rest of
// the payload as a whole, with the number of the first bad line.
//
// Stricter than Prometheus where its leniency would make a page that other parsers refuse: raw
// line feeds and unknown escapes in a label value, two labels without a comma between them, and in
// any sample of a histogram an `le`, or of a summary a `quantile`, that is no number (expfmt,
// startLabelValue: "expected float as value for 'le' label").
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/sip_hash.h"
#include "exposition/family.h"
#include "exposition/scan_error.h"

namespace prometheus_rsocket::exposition {

// One sample line, as offsets into the scanned text; blanks and line ends around it are left out.
// Sixteen bytes, since the shortest line has four and a client's memory is to follow its text.
class Sample {
 public:
  Sample() = default;
  // REQUIRES: line is in text; name is its beginning; labels is what stands between its braces,
  // empty without any.
  Sample(std::string_view text, std::string_view line, std::string_view name,
         std::string_view labels);
  // The same series in another text, with another value or timestamp perhaps.
  [[nodiscard]] Sample in(std::string_view text, std::string_view line) const;

  [[nodiscard]] std::string_view line(std::string_view text) const {
    return {text.data() + begin_, size_};
  }
  [[nodiscard]] std::string_view name(std::string_view text) const {
    return name_size_ == kUnusual ? unusual_parts(text).name
                                  : std::string_view{text.data() + begin_, name_size_};
  }
  [[nodiscard]] std::string_view labels(std::string_view text) const {
    if (name_size_ == kUnusual) return unusual_parts(text).labels;
    return {text.data() + begin_ + name_size_ + 1, labels_size_};
  }
  // The line up to its value, with the blanks between. Nothing for the lines whose name and labels
  // are not found at once: where there are blanks before the brace.
  [[nodiscard]] std::optional<std::string_view> before_value(std::string_view text) const;

  // Of the series (series.h), by the type that the client gives its family.
  [[nodiscard]] std::uint32_t hash() const { return hash_; }
  void set_hash(std::uint32_t hash) { hash_ = hash; }

  friend bool operator==(const Sample&, const Sample&) = default;

 private:
  struct Parts {
    std::string_view name;
    std::string_view labels;
  };
  // Blanks before the brace, or too long a part: looked up in the line again.
  static constexpr std::uint16_t kUnusual = 0xFFFF;
  [[nodiscard]] Parts unusual_parts(std::string_view text) const;

  std::uint32_t begin_ = 0;
  std::uint32_t size_ = 0;
  std::uint16_t name_size_ = 0;
  std::uint16_t labels_size_ = 0;
  std::uint32_t hash_ = 0;
};
static_assert(sizeof(Sample) == 16);

// Its samples are Index::samples[first_sample, first_sample + sample_count).
struct Family {
  std::uint32_t name_begin = 0;  // offsets into the scanned text
  std::uint32_t name_size = 0;
  std::uint32_t help_begin = 0;
  std::uint32_t help_size = 0;
  std::uint32_t first_sample = 0;
  std::uint32_t sample_count = 0;
  FamilyType type = FamilyType::kUntyped;

  [[nodiscard]] std::string_view name(std::string_view text) const {
    return {text.data() + name_begin, name_size};
  }
  // As it came, escaped.
  [[nodiscard]] std::string_view help(std::string_view text) const {
    return {text.data() + help_begin, help_size};
  }

  friend bool operator==(const Family&, const Family&) = default;
};
static_assert(sizeof(Family) == 28);

// Families in the order in which the text first names them; samples by family, and within one in
// the order of the text. All of it is offsets into the scanned text.
struct Index {
  std::vector<Family> families;
  std::vector<Sample> samples;

  // The memory it takes: at most seven times its text (a family of one sample is `abcd 1`), in real
  // ones a quarter.
  [[nodiscard]] std::size_t bytes() const {
    return families.capacity() * sizeof(Family) + samples.capacity() * sizeof(Sample);
  }
};

// One pass; allocates for the index's vectors and the names' table, never per sample. Of several
// TYPE or HELP lines for one family the last one counts, before or after its samples, as in
// Prometheus. `X_bucket`, `X_sum` and `X_count` belong to X by its type, unless a TYPE or HELP line
// makes them families of their own (expfmt, setOrCreateCurrentMF). Never throws on bad input.
// `key` is the process's secret: names are looked up by hash, and what is found does not depend on
// it.
[[nodiscard]] boost::system::result<Index, ScanError> scan(std::string_view text,
                                                           const base::SipKey& key);

}  // namespace prometheus_rsocket::exposition
