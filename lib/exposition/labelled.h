// A client's text with labels added to every sample, as Prometheus adds a target's labels
// (--labels.identity; Prometheus "scrape_config", honor_labels).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "exposition/format.h"

namespace prometheus_rsocket::exposition {

using ExtraLabel = std::pair<std::string, std::string>;  // a name that needs no quotes, any value

// A label without a value is not written, since Prometheus takes that for none; one of them has a
// value. The client's own labels of these names become `exported_NAME`, with one more `exported_`
// as long as that is taken. Nothing when the text would be longer than `bytes_max`. REQUIRES:
// scan() takes the text, and found this dialect.
[[nodiscard]] std::optional<std::string> with_labels(std::string_view text, Dialect dialect,
                                                     std::span<const ExtraLabel> labels,
                                                     std::size_t bytes_max);

}  // namespace prometheus_rsocket::exposition
