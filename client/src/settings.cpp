#include "settings.h"

#include <algorithm>
#include <random>

namespace prometheus_rsocket::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortest{1};

milliseconds in_range(milliseconds time) { return std::clamp(time, kShortest, kLongestTime); }

std::string random_hex() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::random_device device;
  std::string text;
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t word = device();
    for (unsigned shift = 0; shift < 32; shift += 4) text += kHex[(word >> shift) & 0xFU];
  }
  return text;
}

}  // namespace

agent::Config make_config(const Settings& settings) {
  const bool websocket = settings.transport == Transport::kWebSocket;
  agent::Config config;
  config.targets.push_back(
      {settings.host, settings.port.value_or(websocket ? std::uint16_t{8081} : 7001),
       websocket ? transport::TransportKind::kWebSocket : transport::TransportKind::kTcp,
       settings.websocket_path});
  config.retry.first_backoff = in_range(settings.retry.first_backoff);
  config.retry.max_backoff =
      std::max(config.retry.first_backoff, base::Duration(in_range(settings.retry.max_backoff)));
  config.retry.jitter_percent = std::min(settings.retry.jitter_percent, 100U);
  config.retry.retries_max = settings.retry.max_retries;
  config.connect_timeout = in_range(settings.connect_timeout);
  transport::Identity identity = settings.identity;
  if (!identity.job.empty() || !identity.instance.empty() || !identity.labels.empty()) {
    identity.incarnation = random_hex();
    if (!transport::introduce(config.setup, identity)) {
      log(settings, LogLevel::kWarn, "the client's name and labels are too long: left out");
    }
  }
  return config;
}

void log(const Settings& settings, LogLevel level, std::string_view text) noexcept {
  if (!settings.log) return;
  try {
    settings.log(level, text);
  } catch (...) {
    // There is nowhere left to tell it.
  }
}

}  // namespace prometheus_rsocket::client
