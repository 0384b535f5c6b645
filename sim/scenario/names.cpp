#include "sim/scenario/names.h"

#include <algorithm>
#include <array>

namespace prometheus_rsocket::sim::scenario {
namespace {

// In the order of the enumerations.
constexpr std::array<std::string_view, kCommandKinds> kCommandNames = {
    "start_client",  "close_client",   "push",         "push_blocking", "kill_client",
    "lose_client",   "restart_client", "hang_client",  "pause_client",  "start_proxy",
    "drain_proxy",   "kill_proxy",     "lose_proxy",   "restart_proxy", "pause_proxy",
    "abort_scrape",  "slow_scrape",    "extra_scrape", "attack",        "impersonate",
    "garble_client", "forge_address",  "kill_writing"};
constexpr std::array<std::string_view, kFaultKinds> kFaultNames = {
    "partition",        "one_way",    "isolate",        "slow_link", "clog",
    "bandwidth",        "one_byte",   "reset",          "refuse",    "hang_dials",
    "accept_and_close", "uneven",     "remove_backend", "idle_drop", "dns_empty",
    "dns_stale",        "clock_jump", "no_descriptors", "corrupt",   "flood",
    "broken_headers",   "disk_full",  "disk_slow",      "disk_lies", "disk_rots",
    "disk_fails"};

template <class Kind, std::size_t count>
std::optional<Kind> named(const std::array<std::string_view, count>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Kind>(found - names.begin());
}

}  // namespace

std::string_view to_string(CommandKind kind) {
  return kCommandNames[static_cast<std::size_t>(kind)];
}
std::string_view to_string(FaultKind kind) { return kFaultNames[static_cast<std::size_t>(kind)]; }

std::optional<CommandKind> command_named(std::string_view name) {
  return named<CommandKind>(kCommandNames, name);
}
std::optional<FaultKind> fault_named(std::string_view name) {
  return named<FaultKind>(kFaultNames, name);
}

}  // namespace prometheus_rsocket::sim::scenario
