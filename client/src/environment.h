// Micrometer's settings from the environment, read into a Builder's.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "settings.h"

namespace prometheus_rsocket::client {

using Lookup = std::function<std::optional<std::string>(const std::string& name)>;

// As Builder::environment(). `settings` is unchanged when it is false.
[[nodiscard]] bool read_environment(const Lookup& lookup, Settings& settings, std::string& problem);

}  // namespace prometheus_rsocket::client
