#include "sim/connection.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "base/check.h"
#include "sim/virtual_network.h"

namespace prometheus_rsocket::sim {
namespace {

namespace error = boost::asio::error;

constexpr std::size_t other(std::size_t end) { return 1 - end; }

// Linux sends what was lost again after 200 ms, and then after twice as long each time.
base::Instant next_retry(base::Instant held_since, base::Instant now) {
  base::Duration timeout = std::chrono::milliseconds(200);
  base::Instant at = held_since + timeout;
  while (at <= now) {
    timeout *= 2;
    at += timeout;
  }
  return at;
}

}  // namespace

Connection::Connection(Kernel& kernel, VirtualNetwork& network, std::uint64_t entity, Place dialler,
                       Place acceptor)
    : kernel_(kernel),
      network_(network),
      entity_(entity),
      number_(network.add(*this)),
      sides_{{std::move(dialler), nullptr, false, false, {}, Draws(kernel.seed, mix(entity, 1))},
             {std::move(acceptor), nullptr, false, false, {}, Draws(kernel.seed, mix(entity, 2))}} {
}

Connection::~Connection() { network_.remove(number_); }

bool Connection::passes(std::size_t from) const {
  return network_.passes(*sides_[from].place.host, *sides_[other(from)].place.host);
}

base::Instant Connection::arrival_from(std::size_t end) {
  return kernel_.events.now() + network_.transit(*sides_[end].place.host,
                                                 *sides_[other(end)].place.host, sides_[end].draws);
}

void Connection::schedule(base::Instant at, EventKind kind, std::size_t end, std::uint64_t size,
                          void (Connection::*step)(std::size_t), bool is_background) {
  kernel_.events.add(at, {kind, mix(entity_, end), size, is_background},
                     [self = shared_from_this(), step, end] { ((*self).*step)(end); });
}

runtime::error_code Connection::tell(Side& side, runtime::error_code then) {
  return std::exchange(side.error_told, true) ? then : side.error;
}

void Connection::establish() { push(kDialler, {{}, false, true, {}}); }

std::optional<Connection::Moved> Connection::read(std::size_t end, boost::asio::mutable_buffer to) {
  Way& way = ways_[other(end)];
  Side& side = sides_[end];
  if (way.unread() == 0) {
    if (way.fin_received) return Moved{error::eof};  // whatever came after it
    if (side.error) return Moved{tell(side, error::eof)};
    return std::nullopt;
  }
  const std::size_t most = std::min(way.unread(), to.size());
  std::size_t count = most;
  if (side.draws.percent(kernel_.config.short_read_percent)) count = side.draws.log_uniform(most);
  if (count < most) kernel_.count(Happening::kShortRead);
  way.received.copy(static_cast<char*>(to.data()), count, way.read_to);
  way.read_to += count;
  if (way.unread() == 0 || way.read_to > kernel_.config.window_bytes) {
    way.received.erase(0, way.read_to);
    way.read_to = 0;
  }
  way.bytes_read += count;
  // Not for every byte: the sender learns of it when a good part of the window has become free.
  if (way.bytes_read - way.told_read >= kernel_.config.window_bytes / 4) tell_sender(other(end));
  return Moved{{}, count};
}

std::optional<Connection::Moved> Connection::write(
    std::size_t end, std::span<const boost::asio::const_buffer> from) {
  Way& way = ways_[end];
  Side& side = sides_[end];
  if (side.error) return Moved{tell(side, error::broken_pipe)};
  if (side.fin_sent) return Moved{error::broken_pipe};
  const std::size_t room = kernel_.config.window_bytes - (way.bytes_sent - way.bytes_freed);
  if (room == 0) {
    kernel_.count(Happening::kWindowShut);
    watch(end);
    return std::nullopt;
  }
  const std::size_t most = std::min(room, boost::asio::buffer_size(from));
  std::size_t count = most;
  if (side.draws.percent(kernel_.config.short_write_percent)) count = side.draws.log_uniform(most);
  if (count < most) kernel_.count(Happening::kShortWrite);
  Segment segment;
  segment.bytes.resize(count);
  boost::asio::buffer_copy(boost::asio::buffer(segment.bytes), from);
  push(end, std::move(segment));
  return Moved{{}, count};
}

runtime::error_code Connection::shutdown_send(std::size_t end) {
  Side& side = sides_[end];
  if (side.error) return error::not_connected;
  if (!std::exchange(side.fin_sent, true)) push(end, {{}, true, false, {}});
  return {};
}

void Connection::close(std::size_t end, Ending ending) {
  Side& side = sides_[end];
  CHECK(!side.closed, "an end is closed once");
  side.user = nullptr;
  const bool is_over = static_cast<bool>(side.error);
  side.closed = true;
  if (ending == Ending::kLost || is_over) return;
  if (ways_[other(end)].unread() > 0) {
    reset(end);
  } else if (!std::exchange(side.fin_sent, true)) {
    push(end, {{}, true, false, {}});
  }
}

void Connection::reset(std::size_t end) {
  const base::Instant at = std::max(arrival_from(end), ways_[end].last_arrival + base::Duration(1));
  schedule(at, EventKind::kReset, end, 0, &Connection::reset_arrives);
}

void Connection::reset_arrives(std::size_t end) {
  if (!passes(end)) return;  // an RST is sent once
  ways_[end].wire.clear();
  ways_[end].is_held = false;
  const std::size_t to = other(end);
  if (is_dead(to)) return;
  kernel_.count(Happening::kResetArrived);
  Way& way = ways_[end];
  if (way.unread() > 0 && sides_[to].draws.percent(kernel_.config.reset_loses_unread_percent)) {
    kernel_.count(Happening::kUnreadLost);
    way.received.clear();
    way.read_to = 0;
  }
  // Linux: after a FIN there is nothing left to reset but a pipe.
  fail(to, way.fin_received ? error::broken_pipe : error::connection_reset);
}

void Connection::fail(std::size_t end, runtime::error_code error) {
  sides_[end].error = error;
  ways_[end].wire.clear();
  ways_[end].is_held = false;
  if (User* user = sides_[end].user) {
    const auto self = shared_from_this();
    user->writable();  // Asio tries what waits to write first
    if (sides_[end].user == user) user->readable();
  }
}

void Connection::push(std::size_t end, Segment segment) {
  Way& way = ways_[end];
  segment.arrival = std::max(arrival_from(end), way.last_arrival + base::Duration(1));
  way.last_arrival = segment.arrival;
  if (way.segments_acknowledged == way.segments_sent) way.progress = kernel_.events.now();
  ++way.segments_sent;
  way.bytes_sent += segment.bytes.size();
  way.wire.push_back(std::move(segment));
  expect_arrival(end);
  watch(end);
}

void Connection::expect_arrival(std::size_t end) {
  Way& way = ways_[end];
  if (way.is_arriving || way.is_held || way.wire.empty()) return;
  way.is_arriving = true;
  schedule(way.wire.front().arrival, EventKind::kSegment, end, way.wire.front().bytes.size(),
           &Connection::arrive);
}

void Connection::arrive(std::size_t end) {
  Way& way = ways_[end];
  way.is_arriving = false;
  if (way.wire.empty() || way.is_held) return;
  if (!passes(end)) {
    kernel_.count(Happening::kSegmentHeld);
    way.is_held = true;
    way.held_since = kernel_.events.now();
    return;
  }
  Segment segment = std::move(way.wire.front());
  way.wire.pop_front();
  expect_arrival(end);
  deliver(end, std::move(segment));
}

void Connection::deliver(std::size_t end, Segment segment) {
  Way& way = ways_[end];
  const std::size_t to = other(end);
  ++way.segments_delivered;
  if (segment.establishes && !network_.offer(shared_from_this())) {
    sides_[to].closed = true;  // nobody listens any more
  }
  if (is_dead(to)) {
    if (!segment.fin) reset(to);
    return;
  }
  way.received += segment.bytes;
  way.fin_received = way.fin_received || segment.fin;
  tell_sender(end);
  if (segment.fin) {
    kernel_.count(Happening::kFinArrived);
    if (!sides_[to].fin_sent) kernel_.count(Happening::kHalfClosed);
  }
  if (User* user = sides_[to].user) user->readable();
}

void Connection::tell_sender(std::size_t end) {
  Way& way = ways_[end];
  if (way.is_feedback_under_way) {
    way.is_feedback_stale = true;
    return;
  }
  way.is_feedback_under_way = true;
  way.is_feedback_stale = false;
  way.told_delivered = way.segments_delivered;
  way.told_read = way.bytes_read;
  schedule(arrival_from(other(end)), EventKind::kFeedback, end, 0, &Connection::sender_told);
}

void Connection::sender_told(std::size_t end) {
  Way& way = ways_[end];
  if (!passes(other(end))) {
    way.is_feedback_held = true;
    return;
  }
  way.is_feedback_under_way = false;
  take_feedback(end);
}

void Connection::take_feedback(std::size_t end) {
  Way& way = ways_[end];
  const bool was_shut = way.bytes_sent - way.bytes_freed == kernel_.config.window_bytes;
  way.segments_acknowledged = way.told_delivered;
  way.bytes_freed = way.told_read;
  way.progress = kernel_.events.now();
  if (way.is_feedback_stale) tell_sender(end);
  if (was_shut && sides_[end].user != nullptr) sides_[end].user->writable();
}

bool Connection::is_stalled(std::size_t end) const {
  const Way& way = ways_[end];
  return way.segments_acknowledged < way.segments_sent ||
         way.bytes_sent - way.bytes_freed == kernel_.config.window_bytes;
}

void Connection::watch(std::size_t end) {
  if (std::exchange(ways_[end].is_watched, true)) return;
  schedule(ways_[end].progress + kernel_.config.user_timeout, EventKind::kStall, end, 0,
           &Connection::look, true);
}

void Connection::look(std::size_t end) {
  Way& way = ways_[end];
  way.is_watched = false;
  if (sides_[end].error || !is_stalled(end)) return;
  if (kernel_.events.now() - way.progress < kernel_.config.user_timeout) return watch(end);
  kernel_.count(Happening::kTimedOut);
  fail(end, error::timed_out);
}

void Connection::resume() {
  for (const std::size_t end : {kDialler, kAcceptor}) {
    Way& way = ways_[end];
    const base::Instant now = kernel_.events.now();
    if (way.is_held && passes(end)) {
      way.is_held = false;
      // The rest follows the first as it can.
      base::Instant at = next_retry(way.held_since, now);
      for (Segment& segment : way.wire) {
        segment.arrival = std::max(segment.arrival, at);
        at = segment.arrival + base::Duration(1);
        way.last_arrival = std::max(way.last_arrival, segment.arrival);
      }
      expect_arrival(end);
    }
    if (way.is_feedback_held && passes(other(end))) {
      way.is_feedback_held = false;
      way.is_feedback_under_way = false;
      tell_sender(end);
    }
  }
}

}  // namespace prometheus_rsocket::sim
