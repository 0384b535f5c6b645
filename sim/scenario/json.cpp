#include "sim/scenario/json.h"

#include <algorithm>
#include <boost/json.hpp>
#include <limits>
#include <optional>
#include <type_traits>

#include "base/quantity.h"
#include "sim/scenario/fields.h"
#include "sim/scenario/names.h"

namespace prometheus_rsocket::sim::scenario {
namespace {

namespace json = boost::json;

json::value to_value(Duration duration) { return json::string(base::format_duration(duration)); }
json::value to_value(bool value) { return value; }
template <class Number>
json::value to_value(Number number) {
  return static_cast<std::uint64_t>(number);
}

// Adds what differs from `plain`.
template <class ForEach, class Part>
void add_fields(json::object& object, const Part& part, const Part& plain, ForEach for_each) {
  json::object defaults;
  for_each(plain, [&](const char* name, const auto& member) { defaults[name] = to_value(member); });
  for_each(part, [&](const char* name, const auto& member) {
    const json::value value = to_value(member);
    if (value != defaults[name]) object[name] = value;
  });
}

constexpr auto kSetupFields = [](auto& setup, auto&& field) {
  for_each_field_of_setup(setup, field);
};
constexpr auto kCommandFields = [](auto& command, auto&& field) {
  for_each_field_of_command(command, field);
};
constexpr auto kFaultFields = [](auto& fault, auto&& field) {
  for_each_field_of_fault(fault, field);
};

template <class Part, class ForEach>
void write_list(std::string& out, const char* name, const std::vector<Part>& parts,
                ForEach for_each) {
  out += ",\n \"" + std::string(name) + "\": [";
  const char* between = "\n  ";
  for (const Part& part : parts) {
    json::object object;
    object["at"] = to_value(part.at);
    object["kind"] = json::string_view(to_string(part.kind));
    Part plain;
    plain.at = part.at;
    add_fields(object, part, plain, for_each);
    out += between + json::serialize(object);
    between = ",\n  ";
  }
  out += "]";
}

// ---- Reading. An error is thrown within this file, and caught by read_json.

struct Wrong {
  std::string what;
};

[[noreturn]] void fail(const std::string& where, const std::string& why) {
  throw Wrong{where + ": " + why};
}

void read_value(const std::string& where, const json::value& from, Duration& to) {
  if (!from.is_string()) fail(where, "a duration such as \"1m30s\" is expected");
  const auto parsed = base::parse_duration(std::string_view(from.get_string()));
  if (!parsed) fail(where, parsed.error().message());
  to = *parsed;
}

void read_value(const std::string& where, const json::value& from, bool& to) {
  if (!from.is_bool()) fail(where, "true or false is expected");
  to = from.get_bool();
}

template <class Number>
void read_value(const std::string& where, const json::value& from, Number& to) {
  boost::system::error_code error;
  const auto number = from.to_number<std::uint64_t>(error);
  if (error || number > std::numeric_limits<Number>::max()) {
    fail(where, "a whole number up to " + std::to_string(std::numeric_limits<Number>::max()) +
                    " is expected");
  }
  to = static_cast<Number>(number);
}

const json::object& object_at(const std::string& where, const json::value& from) {
  if (!from.is_object()) fail(where, "an object is expected");
  return from.get_object();
}

// `kind` is read by the caller.
template <class Part, class ForEach>
void read_fields(const std::string& where, const json::object& from, Part& part, ForEach for_each) {
  for (const auto& [key, value] : from) {
    const std::string place = where + "." + std::string(key);
    bool known = std::string_view(key) == "kind" && !std::is_same_v<Part, Setup>;
    for_each(part, [&, &found = value, &name = key](const char* field, auto& member) {
      if (std::string_view(name) != field) return;
      known = true;
      read_value(place, found, member);
    });
    if (!known) fail(place, "there is no such field");
  }
}

template <class Part, class ForEach, class Named>
std::vector<Part> read_list(const std::string& where, const json::value& from, ForEach for_each,
                            Named named) {
  if (!from.is_array()) fail(where, "a list is expected");
  std::vector<Part> parts;
  for (const json::value& value : from.get_array()) {
    const std::string place = where + "[" + std::to_string(parts.size()) + "]";
    const json::object& object = object_at(place, value);
    const auto* const kind = object.if_contains("kind");
    if (kind == nullptr || !kind->is_string()) fail(place + ".kind", "a word is expected");
    const auto known = named(std::string_view(kind->get_string()));
    if (!known) fail(place + ".kind", "unknown: " + json::serialize(*kind));
    Part& part = parts.emplace_back();
    part.kind = *known;
    read_fields(place, object, part, for_each);
  }
  return parts;
}

void check(const Setup& setup) {
  const auto require = [](bool holds, const char* name, const char* why) {
    if (!holds) fail(std::string("setup.") + name, why);
  };
  require(setup.proxies > 0 && setup.proxies <= 100, "proxies", "1 to 100");
  require(setup.shards > 0 && setup.shards <= 64, "shards", "1 to 64");
  require(setup.clients <= 10'000, "clients", "up to 10000");
  require(setup.scrapers > 0 && setup.scrapers <= 16, "scrapers", "1 to 16");
  require(setup.discoverers <= 16, "discoverers", "up to 16");
  require(setup.discovery_interval > Duration::zero(), "discovery_interval", "more than 0");
  require(setup.parts_max > 0 && setup.parts_max <= 100'000, "parts_max", "1 to 100000");
  require(setup.scrape_interval > Duration::zero(), "scrape_interval", "more than 0");
  require(setup.scrape_timeout > Duration::zero(), "scrape_timeout", "more than 0");
  require(setup.first_backoff > Duration::zero(), "first_backoff", "more than 0");
  require(setup.max_backoff >= setup.first_backoff, "max_backoff", "first_backoff or more");
  require(setup.key_rotation > Duration::zero(), "key_rotation", "more than 0");
  require(setup.window_bytes > 0, "window_bytes", "more than 0");
  for (const auto percent : {setup.websocket_percent, setup.tail_percent, setup.short_read_percent,
                             setup.short_write_percent, setup.reset_loses_unread_percent}) {
    if (percent > 100) fail("setup", "a percentage over 100");
  }
}

Scenario read(const json::value& from) {
  const json::object& object = object_at("scenario", from);
  const auto* const version = object.if_contains("version");
  if (version == nullptr || !version->is_int64()) fail("version", "a whole number is expected");
  if (version->get_int64() != kFormatVersion) {
    fail("version", "this is version " + std::to_string(version->get_int64()) +
                        " of the format, and this program reads version " +
                        std::to_string(kFormatVersion));
  }
  Scenario scenario;
  for (const auto& [key, value] : object) {
    const std::string where(key);
    if (where == "setup") {
      read_fields(where, object_at(where, value), scenario.setup, kSetupFields);
    } else if (where == "commands") {
      scenario.commands = read_list<Command>(where, value, kCommandFields, command_named);
    } else if (where == "faults") {
      scenario.faults = read_list<Fault>(where, value, kFaultFields, fault_named);
    } else if (where != "version") {
      fail(where, "there is no such field");
    }
  }
  check(scenario.setup);
  return scenario;
}

std::string place_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::ranges::count(before, '\n');
  const auto column = offset - std::min(before.rfind('\n') + 1, offset) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace

std::string write_json(const Scenario& scenario) {
  json::object setup;
  add_fields(setup, scenario.setup, Setup{}, kSetupFields);
  std::string out = "{\"version\": " + std::to_string(kFormatVersion) +
                    ",\n \"setup\": " + json::serialize(setup);
  write_list(out, "commands", scenario.commands, kCommandFields);
  write_list(out, "faults", scenario.faults, kFaultFields);
  return out + "}\n";
}

boost::system::result<Scenario, ReadError> read_json(std::string_view text) {
  json::stream_parser parser;
  boost::system::error_code error;
  const std::size_t read_bytes = parser.write_some(text.data(), text.size(), error);
  if (!error && text.find_first_not_of(" \t\r\n", read_bytes) != std::string_view::npos) {
    error = json::error::extra_data;
  }
  if (!error) parser.finish(error);
  if (error) return ReadError{place_of(text, read_bytes) + ": " + error.message()};
  try {
    return read(parser.release());
  } catch (const Wrong& wrong) {
    return ReadError{wrong.what};
  }
}

}  // namespace prometheus_rsocket::sim::scenario
