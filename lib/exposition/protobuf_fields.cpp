#include "exposition/protobuf_fields.h"

#include <algorithm>

#include "base/check.h"
#include "exposition/wire.h"

namespace prometheus_rsocket::exposition {
namespace {

constexpr unsigned kPlaceField = 1;
// Of a place:
constexpr unsigned kLineField = 1;
constexpr unsigned kTypeField = 2;
constexpr unsigned kBytesField = 3;

}  // namespace

void ProtobufFields::add(std::size_t line_begin, FamilyType type, std::string_view fields) {
  CHECK(places_.empty() || line_begin > places_.back().line_begin, "lines come in their order");
  places_.push_back(
      {static_cast<std::uint32_t>(line_begin), static_cast<std::uint32_t>(bytes_.size()), type});
  bytes_ += fields;
}

std::string_view ProtobufFields::of(std::size_t line_begin, FamilyType type) const {
  const auto place = std::ranges::lower_bound(places_, line_begin, {}, &Place::line_begin);
  if (place == places_.end() || place->line_begin != line_begin || place->type != type) return {};
  return fields_at(static_cast<std::size_t>(place - places_.begin()));
}

std::string_view ProtobufFields::fields_at(std::size_t place) const {
  const std::size_t begin = places_[place].begin;
  const std::size_t end = place + 1 == places_.size() ? bytes_.size() : places_[place + 1].begin;
  return std::string_view(bytes_).substr(begin, end - begin);
}

std::string ProtobufFields::serialize() const {
  std::string message;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    wire::append_message(kPlaceField, message, [&] {
      wire::append_unsigned(kLineField, places_[i].line_begin, message);
      wire::append_unsigned(kTypeField, static_cast<std::uint64_t>(places_[i].type), message);
      wire::append_string(kBytesField, fields_at(i), message);
    });
  }
  return message;
}

std::optional<ProtobufFields> ProtobufFields::parse(std::string_view message,
                                                    std::size_t text_bytes) {
  ProtobufFields parsed;
  wire::Reader places(message);
  while (const auto place = places.next()) {
    std::string_view parts;
    if (place->number != kPlaceField || !wire::get(*place, parts)) return std::nullopt;
    std::uint64_t line_begin = text_bytes;
    std::uint64_t type = 0;
    std::string_view fields;
    wire::Reader reader(parts);
    while (const auto part = reader.next()) {
      const bool is_known = (part->number == kLineField && wire::get(*part, line_begin)) ||
                            (part->number == kTypeField && wire::get(*part, type)) ||
                            (part->number == kBytesField && wire::get(*part, fields));
      if (!is_known) return std::nullopt;
    }
    const bool is_behind = parsed.places_.empty() || line_begin > parsed.places_.back().line_begin;
    if (!reader.has_ended_well() || !is_behind || line_begin >= text_bytes) return std::nullopt;
    if (type > static_cast<std::uint64_t>(FamilyType::kStateSet)) return std::nullopt;
    parsed.add(line_begin, static_cast<FamilyType>(type), fields);
  }
  if (!places.has_ended_well()) return std::nullopt;
  return parsed;
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
