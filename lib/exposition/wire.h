// The wire format of Protocol Buffers, as much of it as metrics take (protobuf.dev, "Encoding").
// Internal to lib/exposition.
//
// Each function appends a field; zero is written like any other value, since readers that use a
// message again keep what a field had.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace prometheus_rsocket::exposition::wire {

[[nodiscard]] std::size_t varint_size(std::uint64_t value);
void append_varint(std::uint64_t value, std::string& out);

// As uint64, and as int64 or an enum.
void append_unsigned(unsigned field, std::uint64_t value, std::string& out);
void append_signed(unsigned field, std::int64_t value, std::string& out);

// Every NaN as Go has it, which is also Prometheus' (model/value, NormalNaN): others mean something
// there.
void append_double(unsigned field, double value, std::string& out);

void append_string(unsigned field, std::string_view value, std::string& out);

// The tag and length of a field of so many bytes, which are to follow.
void append_head(unsigned field, std::size_t size, std::string& out);

// Puts a length before what was appended from `begin` on. REQUIRES: begin <= out.size().
void insert_length(std::size_t begin, std::string& out);

// A message, of what fill() appends to out.
template <class Fill>
void append_message(unsigned field, std::string& out, const Fill& fill) {
  constexpr unsigned kLengthDelimited = 2;
  append_varint(field << 3U | kLengthDelimited, out);
  const std::size_t begin = out.size();
  fill();
  insert_length(begin, out);
}

}  // namespace prometheus_rsocket::exposition::wire
