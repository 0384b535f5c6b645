#include "runtime/log.h"

#include <algorithm>

#include "base/hex.h"
#include "base/utf8.h"

namespace prometheus_rsocket::runtime {
namespace {

void append_escaped(std::string& out, char byte) {
  out += "\\x";
  base::append_hex(out, static_cast<unsigned char>(byte));
}

// What a terminal may obey though it is well-formed UTF-8: C1 controls, of which U+009B begins what
// ESC [ does; and what turns around or breaks the text behind it (Unicode, "Bidi_Control"; U+2028,
// U+2029).
bool is_obeyed(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  const auto is_in = [](unsigned char value, unsigned first, unsigned last) {
    return first <= value && value <= last;
  };
  if (sequence.size() == 1) return byte(0) < ' ' || byte(0) == 0x7F;
  if (sequence.size() == 2) return byte(0) == 0xC2 ? byte(1) < 0xA0 : sequence == "\xD8\x9C";
  if (sequence.size() != 3 || byte(0) != 0xE2) return false;
  if (byte(1) == 0x80) return is_in(byte(2), 0x8E, 0x8F) || is_in(byte(2), 0xA8, 0xAE);
  return byte(1) == 0x81 && is_in(byte(2), 0xA6, 0xA9);
}

void append_escaped(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const std::size_t length = base::utf8_sequence_size(text.substr(i));
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (length == 0) {
      append_escaped(out, c);
    } else if (const std::string_view sequence = text.substr(i, length); is_obeyed(sequence)) {
      for (const char byte : sequence) append_escaped(out, byte);
    } else {
      out += sequence;
    }
    i += std::max<std::size_t>(length, 1);
  }
}

// At most kLogValueBytesMax bytes, without a broken sequence at the cut.
std::string_view cut(std::string_view text) {
  if (text.size() <= kLogValueBytesMax) return text;
  std::size_t end = kLogValueBytesMax;
  const auto continues = [&](std::size_t i) {
    return (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;
  };
  for (int steps = 0; steps < 3 && continues(end); ++steps) --end;
  return text.substr(0, end);
}

bool is_bare(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != '=' && c != '\\';
  });
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

}  // namespace

std::string format_logfmt(std::string_view message, std::span<const LogField> fields) {
  std::string line = "msg=";
  append_quoted(line, message);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    const std::string_view value = cut(field.value);
    if (is_bare(value)) {
      line += value;
    } else {
      append_quoted(line, value);
    }
    if (value.size() < field.value.size()) line += "…";
  }
  return line;
}

}  // namespace prometheus_rsocket::runtime
