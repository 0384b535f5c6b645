#include "lists.h"

#include <boost/json.hpp>

namespace prometheus_rsocket::soak {
namespace {

namespace json = boost::json;
using boost::system::error_code;

// The instances of `rows`, each found by `instance_of(row)`: null where there is none.
template <class InstanceOf>
List list_of(const json::value* rows, const InstanceOf& instance_of) {
  const json::array* array = rows == nullptr ? nullptr : rows->if_array();
  if (array == nullptr) return {.instances = {}, .fault = "no list"};
  List list;
  for (const json::value& row : *array) {
    const json::value* instance = instance_of(row);
    if (instance == nullptr || !instance->is_string()) {
      return {.instances = {}, .fault = "a row without an instance: " + json::serialize(row)};
    }
    ++list.instances[std::string(instance->get_string())];
  }
  return list;
}

const json::value* at(const json::value& value, std::string_view pointer) {
  error_code error;
  return value.find_pointer(pointer, error);
}

}  // namespace

List read_targets(std::string_view text) {
  error_code error;
  const json::value list = json::parse(text, error);
  return list_of(error ? nullptr : &list,
                 [](const json::value& row) { return at(row, "/labels/instance"); });
}

List read_clients(std::string_view text) {
  error_code error;
  const json::value table = json::parse(text, error);
  return list_of(error ? nullptr : at(table, "/data"), [](const json::value& row) {
    const json::value* instance = at(row, "/instance");
    return instance == nullptr ? at(row, "/id") : instance;
  });
}

}  // namespace prometheus_rsocket::soak
