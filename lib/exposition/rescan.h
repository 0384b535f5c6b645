// Reads a text that looks like one that was read before: what a client sends differs from scrape to
// scrape in values and timestamps alone, until it has a new series.
#pragma once

#include <optional>
#include <string_view>

#include "exposition/exposition.h"

namespace prometheus_rsocket::exposition {

// What scan() would return under the key of `before`, several times faster: only values and
// timestamps are looked at, all other bytes are compared. Nothing when anything else differs, or
// may be wrong: scan() decides then.
[[nodiscard]] std::optional<Index> rescan(std::string_view text, const Exposition& before);

}  // namespace prometheus_rsocket::exposition
