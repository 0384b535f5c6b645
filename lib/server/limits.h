// Every bound of the server that is not a flag, with its reason (design.md, "What a scrape
// promises", "Leaving").
#pragma once

#include <cstddef>

#include "base/time.h"

namespace prometheus_rsocket::server {

using namespace std::chrono_literals;

// Keys that a client keeps being able to use: a push may be under way while the key changes.
inline constexpr std::size_t kKeysHeldMax = 3;

// A scrape joins a pull that is at most so old.
inline constexpr base::Duration kPullSharing = 100ms;
// How long those who were late twice are waited for once all the others are in.
inline constexpr base::Duration kTardyGrace = 250ms;
inline constexpr unsigned kTardyAfter = 2;  // scrapes missed in a row
// Whoever was given less time than this to answer is not late: a scraper's timeout may be of any
// shortness, and says nothing of those it asks.
inline constexpr base::Duration kLateAfter = 1s;

inline constexpr base::Duration kScrapeTimeoutMax = 2min;

// Who waits for a page's place takes one from a scraper that does not read, after half of the time
// there is, at most this: whoever reads is done by then …
inline constexpr base::Duration kTicketPatience = 2s;
// … and does not read who has let us wait so long in all, while a page was written.
inline constexpr base::Duration kReaderPatience = 1s;
// Half of the time there is, in any case, is waited before a page that clients are asked for is cut
// short, which has asked for so long.
inline constexpr base::Duration kAskingPatience = 2s;
// Whether there is such a one by now, or memory again, is looked for so often while somebody waits.
inline constexpr base::Duration kLookAgain = 100ms;

// Scrapes that wait for their turn: far fewer than there are connections (http/limits.h), so that
// others are left.
inline constexpr std::size_t kScrapesWaitingMax = 64;
// Likewise those that wait for a single client to answer.
inline constexpr std::size_t kClientPagesWaitingMax = 120;
// Of a list of all clients, what is made at a time: well below a millisecond.
inline constexpr std::size_t kClientsPerPiece = 200;
// Whose turn was when, among those that wait: as many as there are connections (http/limits.h).
inline constexpr std::size_t kTurnsKnownMax = 512;

// Of a client's text and index: up to here there is room for it as long as there is on the page,
// whatever large ones hold (text_budget.h). 10,000 series take two thirds of it.
inline constexpr std::size_t kSmallTextBytes = std::size_t{1} << 20;

// Refusing is holding: a quick close makes a Java client redial without pause
// (wire-protocol.md 1.9).
inline constexpr base::Duration kHoldMin = 5s;
inline constexpr base::Duration kHoldMax = 15s;
// With so many more than --rsocket.max-connections, served and held, accepting pauses.
inline constexpr std::size_t kHeldMax = 1024;
// In a handshake of TLS or WebSocket: within the time for a first frame, which goes on.
inline constexpr base::Duration kHandshakeHoldMax = 9s;

// --rsocket.max-connection-age is so much shorter or longer for each connection, so that clients
// that came together do not leave together …
inline constexpr int kAgeJitterPercent = 10;
// … and a client that has grown too old is sent away after its next complete scrape, so that no
// interval goes without it; where nobody scrapes, after this.
inline constexpr base::Duration kAgePatience = 2min;

// After a failure to accept (no descriptors left) or to make a key.
inline constexpr base::Duration kAcceptRetry = 1s;
inline constexpr base::Duration kKeyRetry = 10s;

// Clients that vanished and are still listed (--sd.grace); the oldest goes for one more.
inline constexpr std::size_t kDepartedMax = 4096;
// What is kept of the labels of each: of who has more, none.
inline constexpr std::size_t kDepartedLabelBytesMax = 1024;

// Two processes claim one name: how long the one that had it has to answer, or it is gone.
inline constexpr base::Duration kProbeTime = 1s;
inline constexpr std::size_t kNamesakesProbedMax = 4;  // each is asked for its metrics
// Nobody is asked more often, whoever claims his name, nor whose last scrape was good a while ago,
// nor who has just come: who goes from one proxy to another takes a question for its first scrape,
// and leaves the other.
inline constexpr base::Duration kProbeInterval = 30s;

// Users' passwords: looked at one after the other, by addresses in turn, some 70 ms each at
// bcrypt's usual cost. So many wait at most, of one address (of IPv6, a network of 64 bits) a few,
// so that who guesses keeps nobody else out; and so many that were right are remembered, as
// exporter-toolkit does.
inline constexpr std::size_t kPasswordsWaitingMax = 64;
inline constexpr std::size_t kPasswordsPerAddressMax = 4;
inline constexpr std::size_t kPasswordsRememberedMax = 100;

// Whether a file about access has changed is looked at so often; it is read when it is the same at
// two looks, and so written whole.
inline constexpr base::Duration kAccessLookInterval = 5s;

// Lines of one kind of trouble that a shard logs in a period; the rest is counted.
inline constexpr unsigned kLogBurst = 10;
inline constexpr base::Duration kLogPeriod = 10s;

static_assert(kTardyGrace < kLateAfter && kLateAfter < kScrapeTimeoutMax);
static_assert(kLookAgain < kReaderPatience && kReaderPatience < kTicketPatience);
static_assert(kHoldMin < kHandshakeHoldMax && kHandshakeHoldMax < kHoldMax);

}  // namespace prometheus_rsocket::server
