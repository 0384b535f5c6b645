#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "sim/connection.h"
#include "sim/virtual_network.h"

namespace prometheus_rsocket::sim {
namespace {

namespace error = boost::asio::error;

// At kBandwidthMin each takes 4 s: far less than a user_timeout.
constexpr std::size_t kPieceBytesMax = 4096;

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

std::optional<Happening> Connection::obstacle(std::size_t end) const {
  return network_.links().obstacle(host(end), host(other(end)));
}

base::Duration Connection::transit(std::size_t end) {
  return network_.links().transit(host(end), host(other(end)), sides_[end].transits);
}

EventQueue::Id Connection::schedule(base::Instant at, EventKind kind, std::size_t end,
                                    std::uint64_t size, void (Connection::*step)(std::size_t),
                                    bool is_background) {
  return kernel_.events.add(at, {kind, mix(entity_, end), size, is_background},
                            [self = shared_from_this(), step, end] { ((*self).*step)(end); });
}

// --- Segments

void Connection::send(std::size_t end, std::string bytes) {
  const bool is_paced = network_.links().bandwidth(host(end), host(other(end))) > 0;
  const std::size_t piece = is_paced ? kPieceBytesMax : bytes.size();
  for (std::size_t at = piece; at < bytes.size(); at += piece) {
    Segment segment;
    segment.bytes = bytes.substr(at - piece, piece);
    push(end, std::move(segment));
  }
  bytes.erase(0, (bytes.size() - 1) / piece * piece);
  Segment last;
  last.bytes = std::move(bytes);
  push(end, std::move(last));
}

void Connection::send_fin(std::size_t end) {
  Segment segment;
  segment.fin = true;
  push(end, std::move(segment));
}

void Connection::push(std::size_t end, Segment segment) {
  Way& way = ways_[end];
  segment.transit = transit(end);
  segment.acknowledges = ways_[other(end)].segments_delivered;
  pace(end, segment);
  if (way.segments_acknowledged == way.segments_sent) way.progress = kernel_.events.now();
  ++way.segments_sent;
  way.bytes_sent += segment.bytes.size();
  way.wire.push_back(std::move(segment));
  expect_arrival(end);
  watch(end);
}

void Connection::pace(std::size_t end, Segment& segment) {
  Way& way = ways_[end];
  segment.leaves = std::max(way.line_free, kernel_.events.now());
  const std::uint64_t bandwidth = network_.links().bandwidth(host(end), host(other(end)));
  if (bandwidth > 0) {
    constexpr std::uint64_t kSecond = base::Duration(std::chrono::seconds(1)).count();
    segment.leaves += base::Duration(
        static_cast<base::Duration::rep>(segment.bytes.size() * kSecond / bandwidth));
    kernel_.count(Happening::kPaced);
  }
  way.line_free = segment.leaves;
  segment.arrival =
      std::max(segment.leaves + segment.transit, way.last_arrival + base::Duration(1));
  way.last_arrival = segment.arrival;
}

void Connection::pace_again(std::size_t end, base::Instant from, bool all) {
  Way& way = ways_[end];
  const base::Instant now = kernel_.events.now();
  way.line_free = from;
  way.last_arrival = now;
  for (Segment& segment : way.wire) {
    if (all || segment.leaves > now) {
      pace(end, segment);
    } else {
      way.last_arrival = segment.arrival;
    }
  }
  if (const auto event = std::exchange(way.arriving, std::nullopt)) kernel_.events.cancel(*event);
  expect_arrival(end);
}

void Connection::pace_anew() {
  for (const std::size_t end : {kDialler, kAcceptor}) {
    pace_again(end, kernel_.events.now(), false);
  }
}

void Connection::expect_arrival(std::size_t end) {
  Way& way = ways_[end];
  if (way.arriving || way.held_by || way.wire.empty()) return;
  way.arriving = schedule(way.wire.front().arrival, EventKind::kSegment, end,
                          way.wire.front().bytes.size(), &Connection::arrive);
}

void Connection::arrive(std::size_t end) {
  Way& way = ways_[end];
  way.arriving.reset();
  if (way.wire.empty() || way.held_by) return;
  if (way.wire.front().arrival > kernel_.events.now()) return expect_arrival(end);
  if (const auto met = obstacle(end)) {
    kernel_.count(Happening::kSegmentHeld);
    kernel_.count(*met);
    way.held_by = met;
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
  if (segment.establishes && !is_dead(to) && !network_.offer(shared_from_this())) {
    sides_[to].closed = true;  // nobody listens any more
  }
  if (is_dead(to)) return meet_dead_end(to, segment);
  take_acknowledgement(to, segment.acknowledges);
  corrupt(end, segment);
  if (way.unread() == 0) {
    way.received = std::move(segment.bytes);
    way.read_to = 0;
  } else {
    way.received += segment.bytes;
  }
  way.fin_received = way.fin_received || segment.fin;
  tell_sender(end);
  if (segment.fin) {
    kernel_.count(Happening::kFinArrived);
    if (!sides_[end].closed && !sides_[to].fin_sent) kernel_.count(Happening::kHalfClosed);
  }
  if (User* user = sides_[to].user) user->readable();
}

void Connection::meet_dead_end(std::size_t end, const Segment& segment) {
  const Gone gone = sides_[end].gone;
  if (gone == Gone::kForgottenIgnores) return kernel_.count(Happening::kForgottenIgnored);
  if (gone == Gone::kForgottenAnswers) kernel_.count(Happening::kForgottenAnswered);
  // Whoever closed and then gets the peer's FIN has no more to say.
  if (gone != Gone::kNo || !segment.fin) reset(end);
}

void Connection::corrupt(std::size_t end, Segment& segment) {
  const std::uint32_t percent = host(end).faults.corrupt_percent;
  if (percent == 0 || segment.bytes.empty() || &host(end) == &host(other(end))) return;
  Draws& draws = sides_[end].faults;
  if (!draws.percent(percent)) return;
  kernel_.count(Happening::kCorrupted);
  const std::size_t at = draws.below(segment.bytes.size());
  const std::uint64_t change = 1 + draws.below(255);
  segment.bytes[at] = static_cast<char>(static_cast<unsigned char>(segment.bytes[at]) ^ change);
}

// --- RST

void Connection::reset(std::size_t end) {
  const base::Instant at =
      std::max(kernel_.events.now() + transit(end), ways_[end].last_arrival + base::Duration(1));
  schedule(at, EventKind::kReset, end, 0, &Connection::reset_arrives);
}

void Connection::reset_arrives(std::size_t end) {
  if (const auto met = obstacle(end)) {
    kernel_.count(*met);
    ways_[end].is_reset_held = met == Happening::kMetClog;  // an RST is sent once
    return;
  }
  // What was sent before it comes before it; it may have been delayed since.
  if (!ways_[end].wire.empty()) return reset(end);
  take_reset(end);
}

void Connection::break_off() {
  for (const std::size_t end : {kDialler, kAcceptor}) {
    schedule(kernel_.events.now() + transit(end), EventKind::kReset, end, 1,
             &Connection::middlebox_reset_arrives);
  }
}

void Connection::middlebox_reset_arrives(std::size_t end) {
  if (!is_dead(other(end))) kernel_.count(Happening::kConnectionReset);
  take_reset(end);
}

void Connection::take_reset(std::size_t end) {
  Way& way = ways_[end];
  way.drop_wire();
  const std::size_t to = other(end);
  if (is_dead(to)) return;
  kernel_.count(Happening::kResetArrived);
  if (way.unread() > 0 && sides_[to].faults.percent(kernel_.config.reset_loses_unread_percent)) {
    kernel_.count(Happening::kUnreadLost);
    way.drop_unread();
  }
  // Linux: after a FIN there is nothing left to reset but a pipe.
  fail(to, way.fin_received ? error::broken_pipe : error::connection_reset);
}

// --- Acknowledgements

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
  schedule(kernel_.events.now() + transit(other(end)), EventKind::kFeedback, end, 0,
           &Connection::sender_told);
}

void Connection::sender_told(std::size_t end) {
  Way& way = ways_[end];
  if (const auto met = obstacle(other(end))) {
    kernel_.count(*met);
    way.is_feedback_held = true;
    return;
  }
  way.is_feedback_under_way = false;
  take_feedback(end);
}

void Connection::take_feedback(std::size_t end) {
  Way& way = ways_[end];
  const bool was_shut = way.bytes_sent - way.bytes_freed == kernel_.config.window_bytes;
  take_acknowledgement(end, way.told_delivered);
  way.bytes_freed = way.told_read;
  way.progress = kernel_.events.now();
  if (way.is_feedback_stale) tell_sender(end);
  if (was_shut && sides_[end].user != nullptr) sides_[end].user->writable();
}

void Connection::take_acknowledgement(std::size_t end, std::uint64_t segments) {
  Way& way = ways_[end];
  if (segments <= way.segments_acknowledged) return;
  way.segments_acknowledged = segments;
  way.progress = kernel_.events.now();
}

bool Connection::is_stalled(std::size_t end) const {
  const Way& way = ways_[end];
  return way.segments_acknowledged < way.segments_sent ||
         way.bytes_sent - way.bytes_freed == kernel_.config.window_bytes;
}

void Connection::watch(std::size_t end) {
  Way& way = ways_[end];
  if (way.watching || (is_dead(kDialler) && is_dead(kAcceptor))) return;
  way.watching = schedule(way.progress + kernel_.config.user_timeout, EventKind::kStall, end, 0,
                          &Connection::look, true);
}

void Connection::forget_when_over() {
  if (!is_dead(kDialler) || !is_dead(kAcceptor)) return;
  const auto self = shared_from_this();  // an event may own it
  for (Way& way : ways_) {
    if (const auto event = std::exchange(way.watching, std::nullopt)) kernel_.events.cancel(*event);
  }
}

void Connection::look(std::size_t end) {
  Way& way = ways_[end];
  way.watching.reset();
  if (sides_[end].error || sides_[end].gone != Gone::kNo || !is_stalled(end)) return;
  if (kernel_.events.now() - way.progress < kernel_.config.user_timeout) return watch(end);
  if (!sides_[end].closed) kernel_.count(Happening::kTimedOut);
  fail(end, error::timed_out);
}

// --- An obstacle is gone

void Connection::resume() {
  for (const std::size_t end : {kDialler, kAcceptor}) {
    if (obstacle(end)) continue;
    Way& way = ways_[end];
    if (const auto by = std::exchange(way.held_by, std::nullopt)) {
      const base::Instant now = kernel_.events.now();
      const bool was_clog = by == Happening::kMetClog;
      pace_again(end, was_clog ? now : next_retry(way.held_since, now), true);
    }
    if (std::exchange(way.is_reset_held, false)) reset(end);
    resume_feedback(other(end));
  }
}

void Connection::resume_feedback(std::size_t end) {
  Way& way = ways_[end];
  if (!std::exchange(way.is_feedback_held, false)) return;
  way.is_feedback_under_way = false;
  const std::size_t from = other(end);
  switch (sides_[from].gone) {
    case Gone::kNo:
      return tell_sender(end);
    case Gone::kLost:
    case Gone::kForgottenAnswers:
      return reset(from);  // what was not acknowledged is sent again, to a host that knows nothing
    case Gone::kForgottenIgnores:
      return;
  }
}

}  // namespace prometheus_rsocket::sim
