#include "proxy/config_file.h"

#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>

namespace prometheus_rsocket::proxy {

namespace {

using boost::system::result;

std::string place_of(const std::string& file, const YAML::Mark& mark) {
  if (mark.is_null()) return file;
  return file + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

result<std::vector<std::string>, std::string> values_of(const YAML::Node& node) {
  if (node.IsScalar()) return std::vector{node.Scalar()};
  if (!node.IsSequence()) return std::string("it takes a value or a list of values");
  std::vector<std::string> values;
  for (const YAML::Node& item : node) {
    if (!item.IsScalar()) return std::string("its list holds something that is no value");
    values.push_back(item.Scalar());
  }
  return values;
}

result<std::vector<FileEntry>, std::string> entries_of(const YAML::Node& root,
                                                       const std::string& file) {
  std::vector<FileEntry> entries;
  if (root.IsNull()) return entries;
  const auto wrong = [&file](const YAML::Node& node, const std::string& why) {
    return place_of(file, node.Mark()) + ": " + why;
  };
  if (!root.IsMap()) return wrong(root, "a configuration is a map of options to values");
  std::set<std::string> seen;
  for (const auto& pair : root) {
    const YAML::Node& key = pair.first;
    const YAML::Node& value = pair.second;
    if (!key.IsScalar()) return wrong(key, "the name of an option is expected");
    const std::string& name = key.Scalar();
    if (!seen.insert(name).second) return wrong(key, name + ": it is there twice");
    if (value.IsNull()) return wrong(key, name + ": it has no value");
    const auto values = values_of(value);
    if (!values) return wrong(value, name + ": " + values.error());
    entries.push_back({name, *values, place_of(file, key.Mark()), place_of(file, value.Mark())});
  }
  return entries;
}

}  // namespace

result<std::vector<FileEntry>, std::string> parse_config(const std::string& text,
                                                         const std::string& name) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.empty()) return std::vector<FileEntry>{};
    if (documents.size() > 1) {
      return place_of(name, documents[1].Mark()) + ": a second document is not expected";
    }
    return entries_of(documents.front(), name);
  } catch (const YAML::Exception& error) {
    return place_of(name, error.mark) + ": " + error.msg;
  }
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
