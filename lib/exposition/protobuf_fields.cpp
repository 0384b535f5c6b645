#include "exposition/protobuf_fields.h"

#include <algorithm>

#include "base/check.h"

namespace prometheus_rsocket::exposition {

void ProtobufFields::add(std::size_t line_begin, FamilyType type, std::string_view fields) {
  CHECK(places_.empty() || line_begin > places_.back().line_begin, "lines come in their order");
  places_.push_back(
      {static_cast<std::uint32_t>(line_begin), static_cast<std::uint32_t>(bytes_.size()), type});
  bytes_ += fields;
}

std::string_view ProtobufFields::of(std::size_t line_begin, FamilyType type) const {
  const auto place = std::ranges::lower_bound(places_, line_begin, {}, &Place::line_begin);
  if (place == places_.end() || place->line_begin != line_begin || place->type != type) return {};
  const auto next = place + 1;
  const std::size_t end = next == places_.end() ? bytes_.size() : next->begin;
  return std::string_view(bytes_).substr(place->begin, end - place->begin);
}

ProtobufFields ProtobufFields::moved(std::string_view from, std::string_view to) const {
  ProtobufFields other = *this;
  std::size_t from_begin = 0;
  std::size_t to_begin = 0;
  for (Place& place : other.places_) {
    while (from_begin < place.line_begin) {
      from_begin = from.find('\n', from_begin) + 1;
      to_begin = to.find('\n', to_begin) + 1;
    }
    place.line_begin = static_cast<std::uint32_t>(to_begin);
  }
  return other;
}

}  // namespace prometheus_rsocket::exposition
