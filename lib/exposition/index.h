// Where in a client's text its families and samples are.
//
// Families have the names of text, whatever the dialect: that of a counter is its sample's
// (`foo_total`), where OpenMetrics calls the family `foo`. So families of one name are the same in
// every format, and OpenMetrics' names are made where they are written (page_writer.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "exposition/family.h"
#include "exposition/format.h"
#include "exposition/lexical.h"
#include "exposition/protobuf_fields.h"

namespace prometheus_rsocket::exposition {

// The name at the front of a well-formed sample line, and what stands between its braces.
struct SeriesParts {
  std::string_view name;  // without quotes
  std::string_view labels;
};
[[nodiscard]] SeriesParts series_parts(std::string_view line);

// One sample line, as offsets into the scanned text; blanks and line ends around it are left out.
// Sixteen bytes, since the shortest line has four and a client's memory is to follow its text.
class Sample {
 public:
  Sample() = default;
  // REQUIRES: line is in text; name is in line; labels is what stands between its braces,
  // without data where there are none.
  Sample(std::string_view text, std::string_view line, std::string_view name,
         std::string_view labels);
  // The same series in another text, with another value or timestamp perhaps.
  [[nodiscard]] Sample in(std::string_view text, std::string_view line) const {
    Sample other = *this;
    other.begin_ = static_cast<std::uint32_t>(line.data() - text.data());
    other.size_ = static_cast<std::uint32_t>(line.size());
    return other;
  }

  [[nodiscard]] std::string_view line(std::string_view text) const {
    return {text.data() + begin_, size_};
  }
  // Without quotes, as it came otherwise.
  [[nodiscard]] std::string_view name(std::string_view text) const {
    return name_size_ == kUnusual ? series_parts(line(text)).name
                                  : std::string_view{text.data() + begin_, name_size_};
  }
  // A name between quotes is among them.
  [[nodiscard]] std::string_view labels(std::string_view text) const {
    if (name_size_ == kUnusual) return series_parts(line(text)).labels;
    return {text.data() + begin_ + name_size_ + 1, labels_size_};
  }
  // The line up to its value, with the blanks between. Nothing for the lines whose name and labels
  // are not found at once: where there are blanks before the brace, or quotes around the name.
  [[nodiscard]] std::optional<std::string_view> before_value(std::string_view text) const {
    if (name_size_ == kUnusual) return std::nullopt;
    const std::string_view whole = line(text);
    std::size_t size = name_size_;
    if (whole[size] == '{') size += labels_size_ + 2;
    while (is_blank(whole[size])) ++size;
    return whole.substr(0, size);
  }
  // The line from its value on.
  [[nodiscard]] std::string_view from_value(std::string_view text) const;

  // Of the series (series.h), by the type that the client gives its family.
  [[nodiscard]] std::uint32_t hash() const { return hash_; }
  void set_hash(std::uint32_t hash) { hash_ = hash; }

  friend bool operator==(const Sample&, const Sample&) = default;

 private:
  // Blanks before the brace, a name between quotes, or too long a part: looked up in the line
  // again.
  static constexpr std::uint16_t kUnusual = 0xFFFF;

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
  std::uint16_t unit_size = 0;  // of OpenMetrics' UNIT: the name's end, before a suffix of its type

  // Without quotes, as it came otherwise.
  [[nodiscard]] std::string_view name(std::string_view text) const {
    return {text.data() + name_begin, name_size};
  }
  // As it came, escaped as its dialect does.
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
  Dialect dialect = Dialect::kText;
  bool has_quoted_names = false;   // of metrics or labels, anywhere
  bool has_timestamps = false;     // a sample with one
  bool has_odd_blanks = false;     // a sample line with more than one space, before its value
  bool has_odd_bounds = false;     // an `le` or `quantile` that OpenMetrics writes otherwise
  bool has_odd_braces = false;     // a comma behind a sample's last label, or braces for none
  bool has_exemplars = false;      // a sample with one
  ProtobufFields protobuf_fields;  // set by read() (read.h)

  // The memory it takes: at most seven times its text (a family of one sample is `abcd 1`), in real
  // ones a quarter.
  [[nodiscard]] std::size_t bytes() const {
    return families.capacity() * sizeof(Family) + samples.capacity() * sizeof(Sample) +
           protobuf_fields.bytes();
  }

  friend bool operator==(const Index&, const Index&) = default;
};

}  // namespace prometheus_rsocket::exposition
