// What a Builder has been told.
#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/agent.h"
#include "exposition.h"
#include "prometheus_rsocket/client.h"
#include "transport/identity.h"

namespace prometheus_rsocket {

struct Client::Builder::Settings {
  std::string host = "localhost";
  std::optional<std::uint16_t> port;  // absent: the transport's own
  Transport transport = Transport::kTcp;
  std::string websocket_path = "/";
  std::optional<Tls> tls;  // absent: in clear
  std::string token;       // empty: none
  Retry retry;
  std::chrono::milliseconds timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(agent::kPushTimeout);
  std::chrono::milliseconds connect_timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(agent::kConnectTimeout);
  std::vector<client::Source> sources;
  transport::Identity identity;  // without a job, an instance and labels: no name
  std::function<void()> on_key_received;
  std::function<void(Status)> on_status;
  std::function<void(LogLevel, std::string_view)> log;
  std::shared_ptr<Runtime> runtime;
  bool push_at_end = false;
};

namespace client {

using Settings = Client::Builder::Settings;

// No time that a user sets is longer: as good as for ever, and far below an overflow.
inline constexpr std::chrono::milliseconds kLongestTime = std::chrono::hours(24 * 30);

// The agent's configuration, every value in its range. An identity that is too long is left out.
// An error is what is wrong with tls or the token, in words. Reads files.
[[nodiscard]] boost::system::result<agent::Config, std::string> make_config(
    const Settings& settings);

// Calls settings.log, if there is one; what it throws is dropped.
void log(const Settings& settings, LogLevel level, std::string_view text) noexcept;

}  // namespace client
}  // namespace prometheus_rsocket
