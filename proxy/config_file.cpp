#include "proxy/config_file.h"

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

#include "yaml/document.h"

namespace prometheus_rsocket::proxy {

namespace {

using boost::system::result;
using yaml::Value;

result<std::vector<std::string>, std::string> values_of(const Value& value) {
  if (value.kind == Value::Kind::kScalar) return std::vector{value.text};
  if (value.kind != Value::Kind::kSequence) {
    return std::string("it takes a value or a list of values");
  }
  std::vector<std::string> values;
  for (const Value& item : value.items) {
    if (item.kind != Value::Kind::kScalar) {
      return std::string("its list holds something that is no value");
    }
    values.push_back(item.text);
  }
  return values;
}

result<std::vector<FileEntry>, std::string> entries_of(const Value& root, const std::string& file) {
  std::vector<FileEntry> entries;
  if (root.kind == Value::Kind::kNull) return entries;
  const auto wrong = [&file](yaml::Place place, const std::string& why) {
    return yaml::to_string(file, place) + ": " + why;
  };
  if (root.kind != Value::Kind::kMap) {
    return wrong(root.place, "a configuration is a map of options to values");
  }
  for (const auto& [key, key_place, value] : root.entries) {
    if (value.kind == Value::Kind::kNull) return wrong(key_place, key + ": it has no value");
    const auto values = values_of(value);
    if (!values) return wrong(value.place, key + ": " + values.error());
    entries.push_back(
        {key, *values, yaml::to_string(file, key_place), yaml::to_string(file, value.place)});
  }
  return entries;
}

}  // namespace

result<std::vector<FileEntry>, std::string> parse_config(const std::string& text,
                                                         const std::string& name) {
  const auto root = yaml::parse(text);
  if (!root) return yaml::to_string(name, root.error().place) + ": " + root.error().message;
  return entries_of(*root, name);
}

result<std::vector<FileEntry>, std::string> read_config_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file && file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  // At the end of an empty file there is no error number; a folder opens, and cannot be read.
  if (errno != 0 || !file.is_open()) {
    return path + ": it cannot be read: " + std::generic_category().message(errno);
  }
  return parse_config(std::move(text).str(), path);
}

}  // namespace prometheus_rsocket::proxy
