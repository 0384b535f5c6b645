#include "agent/identity.h"

#include <string_view>

#include "agent/limits.h"
#include "base/bytes.h"

namespace prometheus_rsocket::agent {
namespace {

void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xFU];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (out.back() != '{') out += ',';
  append_string(out, name);
  out += ':';
  append_string(out, value);
}

}  // namespace

std::string to_json(const Identity& identity) {
  std::string out = "{";
  append_member(out, "job", identity.job);
  append_member(out, "instance", identity.instance);
  append_member(out, "incarnation", identity.incarnation);
  out += ",\"labels\":{";
  for (const auto& [name, value] : identity.labels) append_member(out, name, value);
  out += "}}";
  return out;
}

bool introduce(rsocket::SetupConfig& setup, const Identity& identity) {
  const std::string json = to_json(identity);
  if (json.size() > kIdentityBytesMax) return false;
  setup.metadata_mime_type = "application/json";
  setup.payload.metadata = base::copy(base::as_bytes(json));
  return true;
}

}  // namespace prometheus_rsocket::agent
