#include "exposition/names.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "exposition/lexical.h"

namespace prometheus_rsocket::exposition {
namespace {

// The character at the front of valid UTF-8, taken off it.
std::uint32_t take_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  std::uint32_t character = size == 1 ? first : first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    character = character << 6U | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  text.remove_prefix(size);
  return character;
}

bool is_legacy_at_start(char c, NameKind kind) {
  const std::string_view one(&c, 1);
  return kind == NameKind::kMetric ? metric_name_size(one) == 1 : label_name_size(one) == 1;
}

bool is_legacy(std::uint32_t character, bool is_first, NameKind kind) {
  if (character >= 0x80) return false;
  const char c = static_cast<char>(character);
  return is_legacy_at_start(c, kind) || (!is_first && c >= '0' && c <= '9');
}

void append_escaped(std::uint32_t character, bool is_legacy, Escaping escaping, std::string& out) {
  const bool doubles_underscore = escaping != Escaping::kUnderscores;
  if (character == '_' && doubles_underscore) {
    out += "__";
  } else if (character == '.' && escaping == Escaping::kDots) {
    out += "_dot_";
  } else if (is_legacy) {
    out += static_cast<char>(character);
  } else if (escaping == Escaping::kValues) {
    char hex[8];
    const auto end = std::to_chars(hex, hex + sizeof hex, character, 16).ptr;
    out.append("_").append(hex, end) += '_';
  } else {
    out += doubles_underscore ? "__" : "_";
  }
}

}  // namespace

bool is_legacy_name(std::string_view name, NameKind kind) {
  const std::size_t size =
      kind == NameKind::kMetric ? metric_name_size(name) : label_name_size(name);
  return size == name.size() && size > 0;
}

bool needs_escape(std::string_view name, NameKind kind, Escaping escaping) {
  if (escaping == Escaping::kAllowUtf8) return false;
  if (!is_legacy_name(name, kind)) return true;
  return escaping == Escaping::kDots && name.find('_') != std::string_view::npos;
}

std::string escape_name(std::string_view name, NameKind kind, Escaping escaping) {
  if (!needs_escape(name, kind, escaping)) return std::string(name);
  const std::string plain = unescape(name);
  std::string out = escaping == Escaping::kValues ? "U__" : "";
  std::string_view rest = plain;
  while (!rest.empty()) {
    const bool is_first = rest.size() == plain.size();
    const std::uint32_t character = take_character(rest);
    append_escaped(character, is_legacy(character, is_first, kind), escaping, out);
  }
  return out;
}

void append_name(std::string_view name, NameKind kind, std::string& out) {
  if (is_legacy_name(name, kind)) {
    out += name;
  } else {
    out.append("\"").append(name) += '"';
  }
}

std::string unescape(std::string_view quoted) {
  return unescape_help(quoted, Dialect::kOpenMetrics);
}

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '\n') out += '\\';
    out += c == '\n' ? 'n' : c;
  }
  return out;
}

std::string unescape_help(std::string_view help, Dialect dialect) {
  std::string out;
  for (std::size_t i = 0; i < help.size(); ++i) {
    const char next = i + 1 < help.size() ? help[i + 1] : '\0';
    const bool is_escape =
        next == '\\' || next == 'n' || (next == '"' && dialect != Dialect::kText);
    if (help[i] != '\\' || !is_escape) {
      out += help[i];
    } else {
      out += next == 'n' ? '\n' : next;
      ++i;
    }
  }
  return out;
}

}  // namespace prometheus_rsocket::exposition
