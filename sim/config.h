// What a simulated world is like, as plain data: all whole numbers and durations.
//
// The defaults are a healthy small network that nevertheless splits reads and writes anywhere and
// reorders whatever no protocol orders.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace prometheus_rsocket::sim {

// One direction between two hosts. A segment takes `latency` and up to `jitter` more, and so many
// of a hundred up to `tail` more than that; segments of one connection stay in order, those of
// different connections do not.
struct Link {
  base::Duration latency = std::chrono::microseconds(200);
  base::Duration jitter = std::chrono::microseconds(300);
  std::uint32_t tail_percent = 0;
  base::Duration tail{};
};

// So many of a hundred reads and writes take less than they could; how much less is log-uniform, so
// that a byte or two is as likely as half.
struct ShortIo {
  std::uint32_t read_percent = 0;
  std::uint32_t write_percent = 0;
};

// What happens to those who dial.
enum class Dials : std::uint8_t {
  kAnswered,
  kRefused,  // by an RST
  kLost,     // the SYN is, as if it was filtered
};

// A limit below it would make the smallest piece late beyond user_timeout.
inline constexpr std::uint64_t kBandwidthMin = 1024;  // bytes a second

struct Config {
  Link link;  // between hosts for which World::set_link() said nothing else
  Link loopback{std::chrono::microseconds(10), std::chrono::microseconds(20), 0, {}};
  // Bytes a second in each direction of each connection between hosts, at least kBandwidthMin;
  // 0: no limit.
  std::uint64_t bandwidth = 0;

  // As in ShortIo, on hosts for which World::set_short_io() said nothing else.
  std::uint32_t short_read_percent = 50;
  std::uint32_t short_write_percent = 30;
  // … and there only on so many of a hundred connections' ends: each piece costs several events.
  std::uint32_t short_connections_percent = 100;
  // Of a hundred RSTs so many destroy what the receiver had not read yet (Linux keeps it).
  std::uint32_t reset_loses_unread_percent = 0;
  // Of a hundred forgotten ends (World::forget_connections()) so many answer with RST what comes
  // for them; the others let it be lost.
  std::uint32_t forgotten_answers_percent = 0;

  // What one direction of a connection holds: the sender's buffer, the wire, the receiver's buffer.
  std::size_t window_bytes = std::size_t{128} << 10;
  std::size_t backlog = 128;  // connections a listener holds before they are accepted

  // As production sets TCP_USER_TIMEOUT (net/network.h): sent and not acknowledged, or the window
  // shut, for so long ends the connection with timed_out.
  base::Duration user_timeout = std::chrono::seconds(30);
  // Linux' six SYN retries: at 1, 3, 7, 15, 31 and 63 s.
  base::Duration connect_timeout = std::chrono::seconds(127);

  base::Duration message_delay_max = std::chrono::microseconds(50);  // between shards
  base::Duration resolve_delay_max = std::chrono::milliseconds(5);
  base::Duration key_delay_min = std::chrono::milliseconds(50);
  base::Duration key_delay_max = std::chrono::milliseconds(300);

  // RSA in place of the stand-ins (sim/keys.h): 100 ms of this machine's time a pair.
  bool real_keys = false;

  base::WallTime wall_start{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
};

}  // namespace prometheus_rsocket::sim
