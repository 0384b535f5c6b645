// What is counted in a simulated world: every kind of fault and of rare event, so that a test can
// demand that it did happen.
#pragma once

#include <cstdint>
#include <string_view>

namespace prometheus_rsocket::sim {

enum class Happening : std::uint8_t {
  kConnected,        // a connection was made
  kRefused,          // a dial met no listener
  kSynLost,          // a SYN met a cut link, a lost host or a full backlog
  kConnectTimedOut,  // a dial was given up
  kShortRead,        // a read got less than there was
  kShortWrite,       // a write took less than it could
  kWindowShut,       // a write had to wait for the reader
  kFinArrived,
  kHalfClosed,  // a FIN arrived at a side that goes on sending
  kResetArrived,
  kUnreadLost,        // … and destroyed what had not been read
  kSegmentHeld,       // something met a cut link or a lost host, to be sent again
  kTimedOut,          // a connection ended because nothing was acknowledged
  kMessageReordered,  // a message between shards overtook one of another pair
  kProcessKilled,
  kProcessStopped,
  kHostLost,
  kCount,
};

[[nodiscard]] std::string_view to_string(Happening happening);

}  // namespace prometheus_rsocket::sim
