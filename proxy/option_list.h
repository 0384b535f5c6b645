// Every option of prometheus-rsocket-proxy, once (design.md, "Surface").
#pragma once

#include <string>
#include <vector>

#include "proxy/option.h"
#include "proxy/options.h"

namespace prometheus_rsocket::proxy {

// Where the listed options write to. Addresses are resolved later: only the source that counts.
struct OptionValues {
  Options options;
  std::vector<SourcedText> web{{":8080", ""}};
  std::vector<SourcedText> tcp{{":7001", ""}};
  std::vector<SourcedText> websocket{{":8081", ""}};
  std::string config_file;
};

// `values` outlives the list.
[[nodiscard]] std::vector<Option> option_list(OptionValues& values);

}  // namespace prometheus_rsocket::proxy
