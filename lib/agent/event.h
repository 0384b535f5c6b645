// What an agent tells its owner, as values: comparable and printable.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <variant>

#include "agent/dialer.h"
#include "base/time.h"
#include "rsocket/connection.h"
#include "runtime/network.h"

namespace prometheus_rsocket::agent {

struct Dialling {
  std::size_t target;  // index in Config::targets
  friend bool operator==(const Dialling&, const Dialling&) = default;
};
struct DialFailed {
  DialStage stage{};
  runtime::error_code error;
  friend bool operator==(const DialFailed&, const DialFailed&) = default;
};
// `connection` counts from 1: several are open while the agent goes from a proxy that ends to
// another.
struct Connected {
  std::uint64_t connection = 0;
  runtime::Endpoint remote;
  friend bool operator==(const Connected&, const Connected&) = default;
};
// A key came, alone or with a request: from now on a push can be sealed. Also when it is the same
// key again.
struct KeyReceived {
  std::uint64_t connection = 0;
  friend bool operator==(const KeyReceived&, const KeyReceived&) = default;
};
struct KeyRejected {  // what came is no key of ours; the one before it stays
  std::uint64_t connection = 0;
  runtime::error_code error;
  friend bool operator==(const KeyRejected&, const KeyRejected&) = default;
};
struct Scraped {
  std::uint64_t connection = 0;
  std::size_t text_bytes = 0;
  friend bool operator==(const Scraped&, const Scraped&) = default;
};
struct ScrapeFailed {  // the proxy was told so by ERROR
  std::uint64_t connection = 0;
  runtime::error_code error;
  friend bool operator==(const ScrapeFailed&, const ScrapeFailed&) = default;
};
struct Disconnected {
  std::uint64_t connection = 0;
  rsocket::CloseReason reason{};
  runtime::error_code error = {};  // what the stream ended with; none: an orderly end
  friend bool operator==(const Disconnected&, const Disconnected&) = default;
};
// The proxy is about to end. The connection stays until the agent was scraped on another.
struct AskedToLeave {
  std::uint64_t connection = 0;
  friend bool operator==(const AskedToLeave&, const AskedToLeave&) = default;
};
// It was scraped on another connection, or has too many that it was asked to leave: it ends this
// one.
struct GoneElsewhere {
  std::uint64_t connection = 0;
  friend bool operator==(const GoneElsewhere&, const GoneElsewhere&) = default;
};
struct Retrying {  // after DialFailed, AskedToLeave, or Disconnected of the last connection
  base::Duration delay{};
  std::uint32_t failures = 0;  // in a row; 0: the connection had been stable
  friend bool operator==(const Retrying&, const Retrying&) = default;
};
enum class EndReason { kClosed, kPushed, kPushFailed, kRetriesExhausted };
struct Ended {  // once, last
  EndReason reason{};
  friend bool operator==(const Ended&, const Ended&) = default;
};

using Event =
    std::variant<Dialling, DialFailed, Connected, KeyReceived, KeyRejected, Scraped, ScrapeFailed,
                 Disconnected, AskedToLeave, GoneElsewhere, Retrying, Ended>;
std::ostream& operator<<(std::ostream& out, EndReason reason);
std::ostream& operator<<(std::ostream& out, const Event& event);

}  // namespace prometheus_rsocket::agent
