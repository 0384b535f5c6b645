// A simulated run as plain data: how the world is set up, what is done in it and when, and what is
// broken. Written and read as JSON, drawn from a seed, shrunk to what a failure needs.
//
// All whole numbers. Whatever a number names beyond what there is (client 70 of 50) is taken modulo
// what there is, so that every value means something and shrinking never makes a scenario invalid.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace prometheus_rsocket::sim::scenario {

using namespace std::chrono_literals;
using base::Duration;

struct Setup {
  std::uint64_t seed = 1;     // of the world: every draw in it
  Duration duration = 10min;  // of the part in which things are done and broken
  Duration settle = 10min;    // afterwards, healed: liveness is judged

  std::uint32_t proxies = 3;
  std::uint32_t shards = 2;    // of each proxy
  std::uint32_t clients = 20;  // ours, present from the start
  std::uint32_t java_113_clients = 0;
  std::uint32_t java_114_clients = 0;
  std::uint32_t java_115_clients = 0;
  std::uint32_t websocket_percent = 30;  // of all clients
  std::uint32_t parts_max = 20;          // sample lines of a client's text: 1 … so many

  std::uint32_t scrapers = 1;  // Prometheis that scrape every proxy, each under a name of its own
  Duration scrape_interval = 15s;
  Duration scrape_timeout = 10s;
  // Prometheis besides those, which read every proxy's list of targets at this interval (http_sd)
  // and scrape each target by itself.
  std::uint32_t discoverers = 0;
  Duration discovery_interval = 30s;
  Duration departed_grace = 5min;  // --sd.grace

  // Clients dial the load balancer; without it, a name that resolves to all proxies.
  bool load_balancer = true;
  bool least_connections = true;   // of the load balancer; otherwise at random, unevenly
  std::uint32_t proxy_header = 0;  // that it writes, modulo 3: of version 1 or 2; 0: none
  bool forwarded_for = false;      // it adds X-Forwarded-For to WebSocket upgrades

  Duration first_backoff = 2s;
  Duration max_backoff = 1min;
  Duration key_rotation = 5min;
  Duration key_delay_max = 300ms;  // how long a key is made, at most
  Duration shutdown_grace = 30s;
  Duration connection_age = 0s;     // --rsocket.max-connection-age; 0: off
  bool push_store = false;          // --push.store, on a disk of each proxy's own
  Duration push_commit_delay = 0s;  // without: of the store in memory, at most
  // --rsocket.max-connections, over the number of applications at the start; 0: the default.
  std::uint32_t connections_spare = 0;
  std::uint64_t payload_bytes_max = std::uint64_t{1} << 20;

  Duration latency = 1ms;
  Duration jitter = 2ms;
  std::uint32_t tail_percent = 1;  // of segments that take `tail` longer at most
  Duration tail = 200ms;
  std::uint32_t short_read_percent = 50;
  std::uint32_t short_write_percent = 30;
  std::uint32_t short_connections_percent = 25;  // whose reads and writes are short at all
  std::uint32_t reset_loses_unread_percent = 50;
  std::uint64_t window_bytes = std::uint64_t{128} << 10;
  std::uint64_t bandwidth = 0;  // bytes a second and connection; 0: unlimited
  bool real_keys = false;

  friend bool operator==(const Setup&, const Setup&) = default;
};

// `target`: a client, proxy or scraper by number, after the kind of command.
enum class CommandKind : std::uint8_t {
  kStartClient,   // another of ours, under a name of its own
  kCloseClient,   // says goodbye
  kPush,          // pushes (fire-and-forget) and closes
  kPushBlocking,  // pushes, waits for the acknowledgement, and closes
  kKillClient,
  kLoseClient,     // with its host
  kRestartClient,  // killed, and back under its name after `length`
  kHangClient,     // answers nothing for `length`
  kPauseClient,    // its process stands still for `length`
  kStartProxy,     // one more, or one that ended
  kDrainProxy,     // SIGTERM
  kKillProxy,
  kLoseProxy,
  kRestartProxy,  // drained, and back when it has ended
  kPauseProxy,
  kAbortScrape,   // the scraper resets its next scrape in the middle
  kSlowScrape,    // the scraper reads its next page slowly
  kExtraScrape,   // scrapes beside the regular ones, by strangers (curl); how many: `amount`
  kAttack,        // a hostile peer dials; `amount` says with what
  kImpersonate,   // another process under the client's name, for `length`; how it ends: `amount`
  kGarbleClient,  // answers with something malformed for `length`
  kForgeAddress,  // a hostile peer says it is somebody else, to a proxy or to the load balancer
  kKillWriting,   // kills the proxy while its disk writes next, within `length`; or the power goes
};

struct Command {
  Duration at{};  // since the start
  CommandKind kind{};
  std::uint32_t target = 0;
  Duration length{};
  std::uint64_t amount = 0;
  friend bool operator==(const Command&, const Command&) = default;
};

// From `at` for `length`. `a` is a place, as Stage::spot() (sim/run) numbers them, and `b` one that
// it talks to; or either is said here.
enum class FaultKind : std::uint8_t {
  kPartition,       // nothing passes between a and b
  kOneWay,          // nothing passes from a to b
  kIsolate,         // nothing passes to or from a
  kSlowLink,        // `amount` ms more between a and b
  kClog,            // what a sends stays under way until the end of the fault
  kBandwidth,       // `amount` bytes a second for each connection of a
  kOneByte,         // every read and write at a moves one byte
  kReset,           // every connection of a is reset, once
  kRefuse,          // dials to a, the load balancer or a proxy, are refused
  kHangDials,       // … are not answered
  kAcceptAndClose,  // the load balancer accepts and closes at once
  kUneven,          // the load balancer prefers proxy b
  kRemoveBackend,   // the load balancer sends nobody to proxy b
  kIdleDrop,        // the load balancer forgets connections, silently
  kDnsEmpty,
  kDnsStale,       // the name resolves to addresses where nobody lives
  kClockJump,      // the wall clock of a jumps by `amount` seconds, forth and, at the end, back
  kNoDescriptors,  // a, the load balancer or a proxy, can accept and dial nothing
  kCorrupt,        // the load balancer changes a byte in a hundred segments
  kFlood,          // `amount` strangers connect where clients do, and say nothing
  kBrokenHeaders,  // the load balancer writes no header, or one that is none
  // Of proxy a; or, if it is one beyond the last, of each:
  kDiskFull,   // the disk has no room
  kDiskSlow,   // a sync takes `amount` ms longer
  kDiskLies,   // it syncs nothing, and says that it does
  kDiskRots,   // bytes of a file, which `amount` chooses, change
  kDiskFails,  // of what is written, synced and named `amount` in a hundred fail
};

struct Fault {
  Duration at{};
  Duration length{};
  FaultKind kind{};
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint64_t amount = 0;
  friend bool operator==(const Fault&, const Fault&) = default;
};

struct Scenario {
  Setup setup;
  std::vector<Command> commands;
  std::vector<Fault> faults;
  friend bool operator==(const Scenario&, const Scenario&) = default;
};

}  // namespace prometheus_rsocket::sim::scenario
