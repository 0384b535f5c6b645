// Known bugs, built in on purpose: a simulator that does not find them is worth nothing.
//
// With -DSIM_MUTANTS=ON one of them can be switched on (prometheus-rsocket-sim --mutant=N); in
// every other build is_mutant() is constantly false, and nothing of them is left. The numbers, and
// which oracle catches which, are those of docs/simulation.md.
#pragma once

#include <cstdint>

namespace prometheus_rsocket::base {

enum class Mutant : std::uint8_t {
  kNone = 0,
  kScrapeErrorUnregisters = 1,  // … and the socket stays open, as in the Java proxy
  kNoKeepaliveTimeout = 2,      // as in rsocket-java 1.1.4
  kNoDeadline = 3,              // as in the Java proxy
  kPushDroppedBeforeWritten = 4,
  kPushNeverDropped = 5,
  kCloseWithoutFlush = 6,  // as the Java client's fire-and-forget push
  kOldKey = 7,
  kRedialAtOnce = 8,  // after accept-then-close, as in the Java client
  kNoJitter = 9,
  kBackoffOverflows = 10,
  kPrefixMisread = 11,
  kWriteTailLost = 12,
  kLateReplyTaken = 13,
  kOldHandlerRemovesNew = 14,
  kDrainAtOnce = 15,
  kUnboundedReassembly = 16,
  kPointerOrder = 17,
  kNoHalfClose = 18,  // of the simulator's own network
  kAcknowledgedTooEarly = 19,
  kBuffersSwapped = 20,
  kNameTakenByClaim = 21,  // another process' connection is ended at once
  kDepartedForgotten = 22,
  kForgedHeaderBelieved = 23,  // whoever sends it
  kCommitNotSynced = 24,       // a push is acknowledged that the power takes away again
  kShowingNotWritten = 25,     // after a restart everything is shown again
};
inline constexpr unsigned kMutants = 25;

#ifdef SIM_MUTANTS
inline Mutant g_mutant = Mutant::kNone;  // set once, before a world runs
[[nodiscard]] inline bool is_mutant(Mutant mutant) { return g_mutant == mutant; }
#else
[[nodiscard]] constexpr bool is_mutant(Mutant /*mutant*/) { return false; }
#endif

}  // namespace prometheus_rsocket::base
