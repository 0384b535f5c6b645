// The wire format of Protocol Buffers, as much of it as metrics take (protobuf.dev, "Encoding").
// Internal to lib/exposition.
//
// Each append function appends a field; zero is written like any other value, since readers that
// use a message again keep what a field had.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace prometheus_rsocket::exposition::wire {

enum class Type : std::uint8_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

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
  append_varint(field << 3U | static_cast<unsigned>(Type::kLengthDelimited), out);
  const std::size_t begin = out.size();
  fill();
  insert_length(begin, out);
}

// As it came. Views are into the message.
struct Field {
  std::uint32_t number = 0;
  Type type{};
  std::uint64_t value = 0;  // of all types but kLengthDelimited
  std::string_view bytes;   // of that
  std::string_view whole;   // tag, length and all
};

[[nodiscard]] std::uint64_t fixed(std::string_view bytes);  // at most eight
[[nodiscard]] double as_double(std::uint64_t fixed64);
[[nodiscard]] std::int64_t zigzag(std::uint64_t varint);  // of sint32 and sint64

// Takes a varint off the front; nothing when none is there whole, or it has more than 64 bits.
[[nodiscard]] std::optional<std::uint64_t> take_varint(std::string_view& bytes);

// The fields of a message, one after the other.
class Reader {
 public:
  explicit Reader(std::string_view message) : rest_(message) {}

  // Nothing at the end, and where the bytes are no field; groups, which nobody writes any more, are
  // none.
  [[nodiscard]] std::optional<Field> next();
  [[nodiscard]] bool has_ended_well() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// What a field has; false when it is of another type.
[[nodiscard]] bool get(const Field& field, double& value);
[[nodiscard]] bool get(const Field& field, std::uint64_t& value);
[[nodiscard]] bool get(const Field& field, std::string_view& value);
// A message that may stand once: of several, readers make one.
[[nodiscard]] bool get(const Field& field, std::optional<std::string_view>& message);

// Calls take() with each field. False when that was, and when the message has anything else.
template <class Take>
[[nodiscard]] bool read_message(std::string_view message, const Take& take) {
  Reader reader(message);
  while (const auto field = reader.next()) {
    if (!take(*field)) return false;
  }
  return reader.has_ended_well();
}

}  // namespace prometheus_rsocket::exposition::wire
