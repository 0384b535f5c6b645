// What a client of ours says about itself in SETUP, as JSON: {"job":…,"instance":…,
// "incarnation":…,"labels":{…}}. A Java proxy ignores it.
#pragma once

#include <map>
#include <string>

#include "rsocket/connection.h"

namespace prometheus_rsocket::agent {

struct Identity {
  std::string job;
  std::string instance;
  std::string incarnation;  // of this process: another one under the same name is another process
  std::map<std::string, std::string> labels;
};

// The JSON text. What is not UTF-8 stays as it is: the proxy judges it.
[[nodiscard]] std::string to_json(const Identity& identity);

// Puts the identity into SETUP's metadata and its type into the MIME field. False, and nothing
// done, when it is longer than kIdentityBytesMax.
[[nodiscard]] bool introduce(rsocket::SetupConfig& setup, const Identity& identity);

}  // namespace prometheus_rsocket::agent
