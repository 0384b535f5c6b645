#include "exposition/wire.h"

#include <bit>
#include <cmath>

namespace prometheus_rsocket::exposition::wire {
namespace {

void append_tag(unsigned field, Type type, std::string& out) {
  append_varint(field << 3U | static_cast<unsigned>(type), out);
}

}  // namespace

std::size_t varint_size(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1U)) + 6) / 7;
}

void append_varint(std::uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7U) out += static_cast<char>(value | 0x80U);
  out += static_cast<char>(value);
}

void append_unsigned(unsigned field, std::uint64_t value, std::string& out) {
  append_tag(field, Type::kVarint, out);
  append_varint(value, out);
}

void append_signed(unsigned field, std::int64_t value, std::string& out) {
  append_unsigned(field, static_cast<std::uint64_t>(value), out);
}

void append_double(unsigned field, double value, std::string& out) {
  constexpr std::uint64_t kNan = 0x7FF8'0000'0000'0001;
  append_tag(field, Type::kFixed64, out);
  std::uint64_t bits = std::isnan(value) ? kNan : std::bit_cast<std::uint64_t>(value);
  for (unsigned i = 0; i < sizeof bits; ++i, bits >>= 8U) out += static_cast<char>(bits);
}

void append_string(unsigned field, std::string_view value, std::string& out) {
  append_head(field, value.size(), out);
  out += value;
}

void append_head(unsigned field, std::size_t size, std::string& out) {
  append_tag(field, Type::kLengthDelimited, out);
  append_varint(size, out);
}

void insert_length(std::size_t begin, std::string& out) {
  const std::size_t size = out.size() - begin;
  out.insert(begin, varint_size(size), '\0');
  std::uint64_t rest = size;
  std::size_t at = begin;
  for (; rest >= 0x80; rest >>= 7U) out[at++] = static_cast<char>(rest | 0x80U);
  out[at] = static_cast<char>(rest);
}

std::uint64_t fixed(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8U | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

double as_double(std::uint64_t fixed64) { return std::bit_cast<double>(fixed64); }

std::int64_t zigzag(std::uint64_t varint) {
  return static_cast<std::int64_t>(varint >> 1U ^ (0 - (varint & 1U)));
}

std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  unsigned shift = 0;
  for (std::size_t i = 0; i < bytes.size() && shift < 64; ++i, shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (shift == 63 && byte > 1) return std::nullopt;
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte >= 0x80) continue;
    bytes.remove_prefix(i + 1);
    return value;
  }
  return std::nullopt;
}

std::optional<Field> Reader::next() {
  constexpr std::uint64_t kNumberMax = (1U << 29U) - 1;
  std::string_view rest = rest_;
  const auto tag = take_varint(rest);
  if (!tag || *tag >> 3U == 0 || *tag >> 3U > kNumberMax) return std::nullopt;
  Field field;
  field.number = static_cast<std::uint32_t>(*tag >> 3U);
  field.type = static_cast<Type>(*tag & 7U);
  std::optional<std::uint64_t> size;
  switch (field.type) {
    case Type::kVarint: {
      const auto value = take_varint(rest);
      if (!value) return std::nullopt;
      field.value = *value;
      size = 0;
      break;
    }
    case Type::kFixed64:
      size = sizeof(std::uint64_t);
      break;
    case Type::kFixed32:
      size = sizeof(std::uint32_t);
      break;
    case Type::kLengthDelimited:
      size = take_varint(rest);
      break;
  }
  if (!size || *size > rest.size()) return std::nullopt;
  const std::string_view bytes = rest.substr(0, *size);
  if (field.type == Type::kLengthDelimited) {
    field.bytes = bytes;
  } else if (field.type != Type::kVarint) {
    field.value = fixed(bytes);
  }
  rest.remove_prefix(*size);
  field.whole = rest_.substr(0, rest_.size() - rest.size());
  rest_ = rest;
  return field;
}

bool get(const Field& field, double& value) {
  value = as_double(field.value);
  return field.type == Type::kFixed64;
}

bool get(const Field& field, std::uint64_t& value) {
  value = field.value;
  return field.type == Type::kVarint;
}

bool get(const Field& field, std::string_view& value) {
  value = field.bytes;
  return field.type == Type::kLengthDelimited;
}

bool get(const Field& field, std::optional<std::string_view>& message) {
  if (message || field.type != Type::kLengthDelimited) return false;
  message = field.bytes;
  return true;
}

}  // namespace prometheus_rsocket::exposition::wire
