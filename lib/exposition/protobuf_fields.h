// What clients that send protobuf say of a metric and no text has words for: native histograms, and
// when a counter, summary or histogram was created. It goes to pages in protobuf as it came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exposition/family.h"

namespace prometheus_rsocket::exposition {

// By the lines of an exposition's text. Of a counter the fields of its message beside value and
// exemplar, at its line; of a summary those beside count, sum and quantiles, and of a histogram all
// but the buckets, at the line of its count.
class ProtobufFields {
 public:
  // REQUIRES: line_begin, an offset into the text, is greater than that of the one before.
  void add(std::size_t line_begin, FamilyType type, std::string_view fields);

  // Empty for none of that type.
  [[nodiscard]] std::string_view of(std::size_t line_begin, FamilyType type) const;

  // The same for another text, with as many lines and other words in them.
  [[nodiscard]] ProtobufFields moved(std::string_view from, std::string_view to) const;

  // As one message of Protocol Buffers, and back; nothing for bytes that are none, or that name
  // lines beyond a text of that size.
  [[nodiscard]] std::string serialize() const;
  [[nodiscard]] static std::optional<ProtobufFields> parse(std::string_view message,
                                                           std::size_t text_bytes);

  [[nodiscard]] std::size_t bytes() const {
    return places_.empty() ? 0 : bytes_.capacity() + places_.capacity() * sizeof(Place);
  }

  friend bool operator==(const ProtobufFields&, const ProtobufFields&) = default;

 private:
  [[nodiscard]] std::string_view fields_at(std::size_t place) const;

  struct Place {
    std::uint32_t line_begin = 0;
    std::uint32_t begin = 0;  // in bytes_; the end is where the next one begins
    FamilyType type{};

    friend bool operator==(const Place&, const Place&) = default;
  };

  std::vector<Place> places_;
  std::string bytes_;
};

}  // namespace prometheus_rsocket::exposition
