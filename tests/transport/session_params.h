// The tests of sessions run over both transports, and over a few seeds of the network.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "session_world.h"

namespace prometheus_rsocket::transport {

inline std::string name_of(TransportKind kind) {
  return kind == TransportKind::kTcp ? "tcp" : "websocket";
}

inline const auto kBothTransports = testing::Values(TransportKind::kTcp, TransportKind::kWebSocket);

// Whoever wants other worlds makes them with kind() and seed().
class OverBothTransports : public testing::TestWithParam<std::tuple<TransportKind, std::uint64_t>> {
 protected:
  [[nodiscard]] static TransportKind kind() { return std::get<0>(GetParam()); }
  [[nodiscard]] static std::uint64_t seed() { return std::get<1>(GetParam()); }
};

inline std::string name_of_case(const testing::TestParamInfo<OverBothTransports::ParamType>& of) {
  return name_of(std::get<0>(of.param)) + "_seed_" + std::to_string(std::get<1>(of.param));
}

// `size` bytes, every one of them a function of where it stands, without a short period.
inline base::Bytes varied_bytes(std::size_t size) {
  base::Bytes bytes(size);
  std::uint32_t state = 1;
  for (std::byte& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::byte>(state >> 24U);
  }
  return bytes;
}

inline rsocket::SetupConfig timed_setup(std::chrono::milliseconds keepalive_interval,
                                        std::chrono::milliseconds lifetime_max) {
  rsocket::SetupConfig setup;
  setup.keepalive_interval = keepalive_interval;
  setup.lifetime_max = lifetime_max;
  return setup;
}

inline rsocket::PayloadView data_only(base::ByteView data) {
  return {.metadata = std::nullopt, .data = data};
}

inline rsocket::PayloadView text(std::string_view data) { return data_only(base::as_bytes(data)); }

}  // namespace prometheus_rsocket::transport
