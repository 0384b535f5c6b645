#include "sim/happening.h"

#include "base/check.h"

namespace prometheus_rsocket::sim {

std::string_view to_string(Happening happening) {
  switch (happening) {
    case Happening::kConnected:
      return "connected";
    case Happening::kRefused:
      return "refused";
    case Happening::kSynLost:
      return "SYN lost";
    case Happening::kConnectTimedOut:
      return "connect timed out";
    case Happening::kShortRead:
      return "short read";
    case Happening::kShortWrite:
      return "short write";
    case Happening::kWindowShut:
      return "window shut";
    case Happening::kFinArrived:
      return "FIN arrived";
    case Happening::kHalfClosed:
      return "half-closed";
    case Happening::kResetArrived:
      return "RST arrived";
    case Happening::kUnreadLost:
      return "unread bytes lost";
    case Happening::kSegmentHeld:
      return "segment held";
    case Happening::kTimedOut:
      return "timed out";
    case Happening::kMessageReordered:
      return "message reordered";
    case Happening::kProcessKilled:
      return "process killed";
    case Happening::kProcessStopped:
      return "process stopped";
    case Happening::kHostLost:
      return "host lost";
    case Happening::kCount:
      break;
  }
  CHECK(false, "not a kind of happening");
  return {};
}

}  // namespace prometheus_rsocket::sim
