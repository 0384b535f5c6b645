// What a client of ours says about itself in SETUP, as JSON: {"job":…,"instance":…,
// "incarnation":…,"labels":{…},"token":…}. A Java proxy ignores it; a Java client has none.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "rsocket/connection.h"

namespace prometheus_rsocket::transport {

inline constexpr std::string_view kIdentityMimeType = "application/json";

struct Identity {
  std::string job;
  std::string instance;
  std::string incarnation;  // of this process: another one under the same name is another process
  std::map<std::string, std::string> labels;

  friend bool operator==(const Identity&, const Identity&) = default;
};

// The JSON text. What is not UTF-8 stays as it is: the proxy judges it.
[[nodiscard]] std::string to_json(const Identity& identity);

// Puts the identity into SETUP's metadata and its type into the MIME field. False, and nothing
// done, when it is longer than kIdentityBytesMax.
[[nodiscard]] bool introduce(rsocket::SetupConfig& setup, const Identity& identity);

// Adds a bearer token to what introduce() has put into SETUP, or makes it all there is. False, and
// nothing done, when that is longer than kIdentityBytesMax. REQUIRES: the token is visible ASCII;
// the metadata is introduce()'s, or none.
[[nodiscard]] bool show_token(rsocket::SetupConfig& setup, std::string_view token);

// The other way round, from a stranger. Job, instance and incarnation are not empty, and nothing
// has a NUL. Labels are named as Prometheus wants it, and none begins with `__`: those would aim
// Prometheus elsewhere. Members that are not known are passed over.
struct Introduction {
  std::optional<Identity> identity = {};  // none: it says nothing of itself, or see the error
  std::string identity_error = {};        // what is wrong, in words for a log; empty: nothing
  std::string token = {};                 // empty: it shows none
};
[[nodiscard]] Introduction read_introduction(std::string_view json);

}  // namespace prometheus_rsocket::transport
