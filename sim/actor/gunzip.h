// What a scraper does with a packed page: by zlib, so that another implementation than the one that
// packed it is the judge.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace prometheus_rsocket::sim::actor {

// The text of exactly one gzip member; nothing when it is not one.
[[nodiscard]] std::optional<std::string> gunzip(std::string_view packed);

}  // namespace prometheus_rsocket::sim::actor
