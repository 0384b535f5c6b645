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
  kHalfClosed,  // a FIN arrived whose sender goes on reading, at a side that goes on sending
  kResetArrived,
  kUnreadLost,        // … and destroyed what had not been read
  kSegmentHeld,       // a segment met an obstacle, to be sent again
  kTimedOut,          // a connection ended because nothing was acknowledged
  kMessageReordered,  // a message between shards overtook one of another pair
  kProcessKilled,
  kProcessStopped,
  kHostLost,

  // Something on the wire met …
  kMetCut,        // a link that was cut both ways
  kMetOneWayCut,  // one that was cut in its direction alone
  kMetIsolation,  // an isolated host
  kMetLostHost,
  kMetClog,  // a clogged host's: it stays under way

  kTail,       // something took its link's tail
  kSlowLink,   // something took longer on a slow link
  kPaced,      // a segment had to wait for its turn on a link with bandwidth
  kCorrupted,  // a segment had a byte changed
  kOneByte,    // a read or write moved one byte, where more could have been moved

  kConnectionReset,    // a middlebox ended a connection; once for each end that noticed
  kDialRefused,        // an RST answered a dial, whoever listens
  kDialHung,           // a SYN was filtered
  kForgotten,          // an open end vanished
  kForgottenIgnored,   // something came for such an end and was lost
  kForgottenAnswered,  // … and was answered by RST

  kNoDescriptors,    // an accept or a dial failed with too_many_files_open
  kHandlerPaused,    // a handler had to wait until its process went on
  kWallClockJumped,  // somebody read a wall clock after a jump

  kWriteCutShort,  // a process was killed while its disk wrote
  kUnsyncedLost,   // the power went while something was not synced
  kSyncLied,       // a sync that was none
  kSyncSlowed,     // a sync took longer than disks do
  kDiskFull,       // a write found no room
  kDiskFailed,     // a write, a sync or a new name was refused with an I/O error
  kByteRotted,     // a byte on disk has changed
  kCount,
};

[[nodiscard]] std::string_view to_string(Happening happening);

}  // namespace prometheus_rsocket::sim
