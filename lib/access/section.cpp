#include "access/section.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace prometheus_rsocket::access {
namespace {

using yaml::Entry;
using yaml::Value;

// Relative to the folder of the configuration file.
std::string resolve(const std::string& path, const std::string& configuration) {
  if (path.starts_with('/')) return path;
  return configuration.substr(0, configuration.rfind('/') + 1) + path;
}

}  // namespace

void Reading::fail(yaml::Place place, std::string message) {
  if (!error) error = Diagnostic{draft.path, place, std::move(message)};
}

void Reading::fail(const Entry& entry, const std::string& message) {
  fail(entry.value.place, yaml::shown(entry.key) + ": " + message);
}

void Reading::notice(const Entry& entry, const std::string& message) {
  draft.settings.notices.push_back({draft.path, entry.key_place, entry.key + ": " + message});
}

void Reading::want(File::Use use, const std::string& path, yaml::Place place) {
  const std::size_t token = draft.settings.tokens.size();
  draft.files.push_back({use, resolve(path, draft.path), place, token});
}

void read_map(Reading& reading, const Value& value, const std::string& name,
              std::initializer_list<Key> keys) {
  if (value.kind == Value::Kind::kNull) return;
  if (value.kind != Value::Kind::kMap) {
    return reading.fail(value.place, name + ": keys with values are expected");
  }
  for (const Entry& entry : value.entries) {
    const auto* const key = std::ranges::find(keys, entry.key, &Key::name);
    if (key == keys.end()) {
      return reading.fail(entry.key_place, name + ": unknown key: " + yaml::shown(entry.key));
    }
    key->read(entry);
    if (reading.error) return;
  }
}

Text read_text(Reading& reading, const Entry& entry) {
  const bool has_no_items =
      entry.value.kind == Value::Kind::kScalar || entry.value.kind == Value::Kind::kNull;
  if (!has_no_items) reading.fail(entry, "one value is expected");
  return {entry.value.text, entry.value.place};
}

Text read_needed_text(Reading& reading, const Entry& entry) {
  Text text = read_text(reading, entry);
  if (!text.is_given()) reading.fail(entry, "it has no value");
  return text;
}

std::vector<Text> read_texts(Reading& reading, const Entry& entry) {
  std::vector<Text> texts;
  if (entry.value.kind == Value::Kind::kNull) return texts;
  if (entry.value.kind != Value::Kind::kSequence) reading.fail(entry, "a list is expected");
  for (const Value& item : entry.value.items) {
    if (item.kind != Value::Kind::kScalar || item.text.empty()) {
      reading.fail(item.place, entry.key + ": its list holds something that is no value");
    }
    texts.push_back({item.text, item.place});
  }
  return texts;
}

// The words of YAML 1.1, which exporter-toolkit's reader takes.
void check_boolean(Reading& reading, const Entry& entry) {
  constexpr std::array<std::string_view, 8> kWords = {"true", "false", "yes", "no",
                                                      "on",   "off",   "y",   "n"};
  const std::string word = base::to_lower(read_text(reading, entry).text);
  const bool is_one = entry.value.plain && std::ranges::find(kWords, word) != kWords.end();
  if (!is_one && entry.value.kind != Value::Kind::kNull) {
    reading.fail(entry, "true or false is expected");
  }
}

}  // namespace prometheus_rsocket::access
