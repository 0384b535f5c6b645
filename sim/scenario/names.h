// The words that a scenario's JSON, the command line and the time-line use.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "sim/scenario/scenario.h"

namespace prometheus_rsocket::sim::scenario {

// `kill_client`
[[nodiscard]] std::string_view to_string(CommandKind kind);
[[nodiscard]] std::string_view to_string(FaultKind kind);

[[nodiscard]] std::optional<CommandKind> command_named(std::string_view name);
[[nodiscard]] std::optional<FaultKind> fault_named(std::string_view name);

inline constexpr std::size_t kCommandKinds =
    static_cast<std::size_t>(CommandKind::kKillWriting) + 1;
inline constexpr std::size_t kFaultKinds = static_cast<std::size_t>(FaultKind::kDiskFails) + 1;

}  // namespace prometheus_rsocket::sim::scenario
