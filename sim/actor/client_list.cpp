#include "sim/actor/client_list.h"

#include <boost/json.hpp>
#include <charconv>
#include <utility>

#include "sim/actor/our_client.h"
#include "sim/draw.h"

namespace prometheus_rsocket::sim::actor {
namespace {

namespace json = boost::json;

constexpr std::string_view kPath = "/metrics/clients/";
constexpr std::string_view kPushes = "/metrics/pushes";

// Thrown within this file, and caught in it.
struct Wrong {
  std::string what;
};

[[noreturn]] void fail(std::string_view what, const json::value& where) {
  throw Wrong{std::string(what) + ": " + json::serialize(where)};
}

const json::object& as_object(const json::value& value) {
  if (!value.is_object()) fail("no object", value);
  return value.get_object();
}

const json::array& as_array(const json::value& value) {
  if (!value.is_array()) fail("no list", value);
  return value.get_array();
}

std::string_view text_of(const json::object& object, const char* name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) fail(std::string("no text ") + name, object);
  return value->get_string();
}

std::optional<history::Place> resident_of(std::string_view endpoint, const Residents& residents) {
  boost::system::error_code error;
  const std::string host(endpoint.substr(0, endpoint.find(':')));
  const auto address = boost::asio::ip::make_address(host, error);
  return error ? std::nullopt : residents(address);
}

// Only our applications have names, all of one job, their instance a number.
history::InstanceId name_of(const json::object& object) {
  if (text_of(object, "job") != kJob) fail("not our job", object);
  const std::string_view text = text_of(object, "instance");
  history::InstanceId name;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), name.value);
  if (error != std::errc{} || end != text.data() + text.size()) fail("not our name", object);
  return name;
}

bool is_websocket(std::string_view transport, const json::object& where) {
  if (transport != "tcp" && transport != "websocket") fail("no transport", where);
  return transport == "websocket";
}

// A target's path says its ID; nothing for that of pushes.
std::optional<std::string_view> id_of(const json::object& labels) {
  std::string_view path = text_of(labels, "__metrics_path__");
  if (path == kPushes) return std::nullopt;
  if (!path.starts_with(kPath) || path.size() == kPath.size()) fail("no path of ours", labels);
  path.remove_prefix(kPath.size());
  return path;
}

void add(ClientList& list, std::string_view id, history::Listed client) {
  client.id = history::TargetId{hash_of(id)};
  list.clients.push_back(client);
  list.ids.emplace_back(id);
}

void add_target(ClientList& list, const json::value& value, std::string_view proxy,
                const Residents& residents) {
  const json::object& target = as_object(value);
  const json::value* const targets = target.if_contains("targets");
  const json::value* const labels_value = target.if_contains("labels");
  if (targets == nullptr || labels_value == nullptr) fail("no target", value);
  const json::array& addresses = as_array(*targets);
  if (addresses.size() != 1 || addresses[0] != json::value(json::string_view(proxy))) {
    fail("it leads elsewhere", value);
  }
  const json::object& labels = as_object(*labels_value);
  const auto id = id_of(labels);
  if (!id) {
    if (std::exchange(list.has_pushes, true)) fail("pushes twice", value);
    return;
  }
  history::Listed client;
  client.at = resident_of(text_of(labels, "__meta_prometheus_rsocket_address"), residents);
  client.is_websocket =
      is_websocket(text_of(labels, "__meta_prometheus_rsocket_transport"), labels);
  if (labels.contains("job")) {
    client.name = name_of(labels);
  } else if (text_of(labels, "instance") != *id) {
    fail("without a name its instance is its ID", value);
  }
  add(list, *id, client);
}

void add_row(ClientList& list, const json::value& value, const Residents& residents) {
  const json::object& row = as_object(value);
  history::Listed client;
  client.at = resident_of(text_of(row, "address"), residents);
  client.is_websocket = is_websocket(text_of(row, "transport"), row);
  if (row.contains("job")) {
    client.name = name_of(row);
    const json::value* const shares = row.if_contains("shares_name");
    if (shares == nullptr || !shares->is_bool()) fail("it may share its name", value);
    client.shares_name = shares->get_bool();
  }
  add(list, text_of(row, "id"), client);
}

template <class Fill>
ClientList read(std::string_view text, Fill fill) {
  ClientList list;
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error) {
    list.trouble = "no JSON: " + error.message();
    return list;
  }
  try {
    fill(list, value);
  } catch (const Wrong& wrong) {
    list.trouble = wrong.what;
  }
  return list;
}

}  // namespace

ClientList read_targets(std::string_view json, std::string_view proxy, const Residents& residents) {
  return read(json, [&](ClientList& list, const json::value& value) {
    for (const json::value& target : as_array(value)) add_target(list, target, proxy, residents);
  });
}

ClientList read_table(std::string_view json, const Residents& residents) {
  return read(json, [&](ClientList& list, const json::value& value) {
    const json::object& table = as_object(value);
    if (text_of(table, "status") != "success" || !table.contains("data")) fail("no table", value);
    for (const json::value& row : as_array(table.at("data"))) add_row(list, row, residents);
  });
}

}  // namespace prometheus_rsocket::sim::actor
