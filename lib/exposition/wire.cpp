#include "exposition/wire.h"

#include <bit>
#include <cmath>

namespace prometheus_rsocket::exposition::wire {
namespace {

constexpr unsigned kVarint = 0;
constexpr unsigned kFixed64 = 1;
constexpr unsigned kLengthDelimited = 2;

void append_tag(unsigned field, unsigned type, std::string& out) {
  append_varint(field << 3U | type, out);
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
  append_tag(field, kVarint, out);
  append_varint(value, out);
}

void append_signed(unsigned field, std::int64_t value, std::string& out) {
  append_unsigned(field, static_cast<std::uint64_t>(value), out);
}

void append_double(unsigned field, double value, std::string& out) {
  constexpr std::uint64_t kNan = 0x7FF8'0000'0000'0001;
  append_tag(field, kFixed64, out);
  std::uint64_t bits = std::isnan(value) ? kNan : std::bit_cast<std::uint64_t>(value);
  for (unsigned i = 0; i < sizeof bits; ++i, bits >>= 8U) out += static_cast<char>(bits);
}

void append_string(unsigned field, std::string_view value, std::string& out) {
  append_head(field, value.size(), out);
  out += value;
}

void append_head(unsigned field, std::size_t size, std::string& out) {
  append_tag(field, kLengthDelimited, out);
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

}  // namespace prometheus_rsocket::exposition::wire
