// Maps of known keys: what the readers of all sections share. Internal to this folder.
#pragma once

#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/settings.h"
#include "yaml/document.h"

namespace prometheus_rsocket::access {

// The draft as it grows, and the first error: after it nothing counts any more.
struct Reading {
  Draft draft;
  std::optional<Diagnostic> error;

  void fail(yaml::Place place, std::string message);
  // `KEY: MESSAGE` at the value.
  void fail(const yaml::Entry& entry, const std::string& message);
  void notice(const yaml::Entry& entry, const std::string& message);
  void want(File::Use use, const std::string& path, yaml::Place place);
};

struct Key {
  std::string_view name;
  std::function<void(const yaml::Entry&)> read;
};

// Calls each key's reader in the order of the file, up to the first error. kNull has no keys.
// `name`: of the map in messages.
void read_map(Reading& reading, const yaml::Value& value, const std::string& name,
              std::initializer_list<Key> keys);

// Text with its place; empty: not given, as exporter-toolkit has it.
struct Text {
  std::string text;
  yaml::Place place;

  [[nodiscard]] bool is_given() const { return !text.empty(); }
};

// A scalar, or kNull for an empty one.
Text read_text(Reading& reading, const yaml::Entry& entry);
// The same that must not be empty: a restriction that says nothing is none.
Text read_needed_text(Reading& reading, const yaml::Entry& entry);
// A list of scalars, or kNull for an empty one.
std::vector<Text> read_texts(Reading& reading, const yaml::Entry& entry);
void check_boolean(Reading& reading, const yaml::Entry& entry);

// What the text means. `name` is the key's.
template <class Meaning>
std::optional<Meaning> look_up(Reading& reading, const Text& text, std::string_view name,
                               std::span<const std::pair<std::string_view, Meaning>> meanings) {
  for (const auto& [known, meaning] : meanings) {
    if (known == text.text) return meaning;
  }
  reading.fail(text.place, std::string(name) + ": unknown: " + yaml::shown(text.text));
  return std::nullopt;
}

// The sections.
void read_tls(Reading& reading, const yaml::Entry& entry);
void read_http(Reading& reading, const yaml::Entry& entry);
void read_users(Reading& reading, const yaml::Entry& entry);
void read_rate_limit(Reading& reading, const yaml::Entry& entry);
void read_tokens(Reading& reading, const yaml::Entry& entry);
void read_certificates(Reading& reading, const yaml::Entry& entry);

}  // namespace prometheus_rsocket::access
