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
    case Happening::kMetCut:
      return "met a cut link";
    case Happening::kMetOneWayCut:
      return "met a link cut one way";
    case Happening::kMetIsolation:
      return "met an isolated host";
    case Happening::kMetLostHost:
      return "met a lost host";
    case Happening::kMetClog:
      return "met a clog";
    case Happening::kTail:
      return "took the tail";
    case Happening::kSlowLink:
      return "slow link";
    case Happening::kPaced:
      return "paced by bandwidth";
    case Happening::kCorrupted:
      return "corrupted";
    case Happening::kOneByte:
      return "one byte";
    case Happening::kConnectionReset:
      return "reset by a middlebox";
    case Happening::kDialRefused:
      return "dial refused";
    case Happening::kDialHung:
      return "dial hung";
    case Happening::kForgotten:
      return "connection forgotten";
    case Happening::kForgottenIgnored:
      return "forgotten end ignored a segment";
    case Happening::kForgottenAnswered:
      return "forgotten end answered";
    case Happening::kNoDescriptors:
      return "no descriptors";
    case Happening::kHandlerPaused:
      return "handler paused";
    case Happening::kWallClockJumped:
      return "wall clock jumped";
    case Happening::kWriteCutShort:
      return "write cut short";
    case Happening::kUnsyncedLost:
      return "unsynced bytes lost";
    case Happening::kSyncLied:
      return "sync lied";
    case Happening::kSyncSlowed:
      return "sync slowed";
    case Happening::kDiskFull:
      return "disk full";
    case Happening::kDiskFailed:
      return "disk failed";
    case Happening::kByteRotted:
      return "byte rotted";
    case Happening::kCount:
      break;
  }
  CHECK(false, "not a kind of happening");
  return {};
}

}  // namespace prometheus_rsocket::sim
