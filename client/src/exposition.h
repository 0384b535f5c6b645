// What one client is scraped for: the application's registries and functions as one text.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "connection_metrics.h"

namespace prometheus_rsocket::client {

using Source = std::variant<std::weak_ptr<prometheus::Collectable>, std::function<std::string()>>;

// Families of one name become one, where the first stands: the text format allows a name once. Of
// those with another type than the first, the metrics are left out.
[[nodiscard]] std::vector<prometheus::MetricFamily> merge_families(
    std::vector<prometheus::MetricFamily> families);

// Registries first, merged, the client's own metrics among them; then the functions' texts. Throws
// what they throw.
[[nodiscard]] std::string collect_text(const std::vector<Source>& sources,
                                       const ConnectionMetrics& own);

}  // namespace prometheus_rsocket::client
