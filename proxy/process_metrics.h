// The `process_*` metrics that every Prometheus component has, from Linux' /proc.
#pragma once

#include <string>

namespace prometheus_rsocket::proxy {

// Text 0.0.4; families that cannot be read are left out.
[[nodiscard]] std::string process_metrics();

}  // namespace prometheus_rsocket::proxy
