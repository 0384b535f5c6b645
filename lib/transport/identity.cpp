#include "transport/identity.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "base/bytes.h"
#include "base/hex.h"
#include "transport/limits.h"

namespace prometheus_rsocket::transport {
namespace {

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      base::append_hex(out, byte);
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

using Failure = std::optional<std::string>;  // what is wrong

// No value of a label has one: neither our pages nor Prometheus take it.
bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

Failure take_text(const boost::json::object& from, std::string_view name, std::string& text) {
  const boost::json::value* const found = from.if_contains(name);
  if (found == nullptr) return std::string(name) + " is missing";
  const boost::json::string* const string = found->if_string();
  if (string == nullptr) return std::string(name) + " is no string";
  if (string->empty()) return std::string(name) + " is empty";
  if (string->size() > kIdentityTextBytesMax) return std::string(name) + " is too long";
  if (has_nul(*string)) return std::string(name) + " has a NUL";
  text = *string;
  return std::nullopt;
}

bool is_label_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && is_letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || is_digit(c); });
}

Failure take_labels(const boost::json::object& from, std::map<std::string, std::string>& labels) {
  const boost::json::value* const found = from.if_contains("labels");
  if (found == nullptr) return std::nullopt;
  const boost::json::object* const members = found->if_object();
  if (members == nullptr) return "labels is no object";
  if (members->size() > kIdentityLabelsMax) return "there are too many labels";
  for (const auto& [key, value] : *members) {
    const std::string_view name = key;
    // Named in the error by its beginning alone: it may be long.
    const std::string label = "the label " + base::printable(name.substr(0, 64));
    if (!is_label_name(name)) return label + " has no name that Prometheus takes";
    if (name.starts_with("__")) return label + " begins with __";
    const boost::json::string* const text = value.if_string();
    if (text == nullptr) return label + " is no string";
    if (std::max(name.size(), text->size()) > kIdentityTextBytesMax) return label + " is too long";
    if (has_nul(*text)) return label + " has a NUL";
    labels.emplace(name, std::string_view(*text));
  }
  return std::nullopt;
}

Failure take_identity(const boost::json::object& from, Identity& identity) {
  for (const auto& [name, text] : {std::pair{"job", &identity.job},
                                   {"instance", &identity.instance},
                                   {"incarnation", &identity.incarnation}}) {
    if (Failure failure = take_text(from, name, *text)) return failure;
  }
  return take_labels(from, identity.labels);
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
  setup.metadata_mime_type = kIdentityMimeType;
  setup.payload.metadata = base::copy(base::as_bytes(json));
  return true;
}

bool show_token(rsocket::SetupConfig& setup, std::string_view token) {
  std::string json = "{";
  if (setup.payload.metadata) json = base::as_text(*setup.payload.metadata);
  if (json.back() == '}') json.pop_back();
  append_member(json, "token", token);
  json += '}';
  if (json.size() > kIdentityBytesMax) return false;
  setup.metadata_mime_type = kIdentityMimeType;
  setup.payload.metadata = base::copy(base::as_bytes(json));
  return true;
}

Introduction read_introduction(std::string_view json) {
  if (json.size() > kIdentityBytesMax) return {.identity_error = "it is too long"};
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(json, error);
  if (error) return {.identity_error = "it is no JSON: " + error.message()};
  const boost::json::object* const object = value.if_object();
  if (object == nullptr) return {.identity_error = "it is no JSON object"};
  Introduction read;
  if (const boost::json::value* const token = object->if_contains("token")) {
    const boost::json::string* const text = token->if_string();
    if (text == nullptr) return {.identity_error = "token is no string"};
    read.token = *text;
    const bool is_all = !object->contains("job") && !object->contains("instance");
    if (is_all) return read;
  }
  Identity identity;
  if (Failure failure = take_identity(*object, identity)) {
    read.identity_error = std::move(*failure);
  } else {
    read.identity = std::move(identity);
  }
  return read;
}

}  // namespace prometheus_rsocket::transport
