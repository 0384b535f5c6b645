#include "sim/connection.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "sim/virtual_network.h"

namespace prometheus_rsocket::sim {

namespace error = boost::asio::error;

Connection::Side::Side(Place at, const Kernel& kernel, std::uint64_t entity)
    : place(std::move(at)),
      has_short_io(
          Draws(kernel.seed, mix(entity, 4)).percent(kernel.config.short_connections_percent)),
      transits(kernel.seed, mix(entity, 1)),
      shares(kernel.seed, mix(entity, 2)),
      faults(kernel.seed, mix(entity, 3)) {}

Connection::Connection(Kernel& kernel, VirtualNetwork& network, std::uint64_t entity, Place dialler,
                       Place acceptor)
    : kernel_(kernel),
      network_(network),
      entity_(entity),
      number_(network.add(*this)),
      sides_{Side(std::move(dialler), kernel, mix(entity, kDialler)),
             Side(std::move(acceptor), kernel, mix(entity, kAcceptor))} {}

Connection::~Connection() { network_.remove(number_); }

runtime::error_code Connection::tell(Side& side, runtime::error_code then) {
  return std::exchange(side.error_told, true) ? then : side.error;
}

void Connection::establish() {
  Segment segment;
  segment.establishes = true;
  push(kDialler, std::move(segment));
}

std::size_t Connection::share_of(std::size_t end, std::size_t most, std::uint32_t ShortIo::*percent,
                                 Happening less) {
  Side& side = sides_[end];
  const HostFaults& faults = side.place.host->faults;
  const Config& config = kernel_.config;
  const ShortIo usual = side.has_short_io
                            ? ShortIo{config.short_read_percent, config.short_write_percent}
                            : ShortIo{};
  // Drawn also where the draw does not matter, so that a fault does not shift those that follow.
  const std::uint64_t draw = side.shares.next();
  if (faults.is_one_byte) {
    if (most > 1) kernel_.count(Happening::kOneByte);
    return 1;
  }
  Draws of_this(draw, 0);
  if (!of_this.percent(faults.short_io.value_or(usual).*percent)) return most;
  const std::size_t count = of_this.log_uniform(most);
  if (count < most) kernel_.count(less);
  return count;
}

std::optional<Connection::Moved> Connection::read(std::size_t end, boost::asio::mutable_buffer to) {
  Way& way = ways_[other(end)];
  Side& side = sides_[end];
  if (way.unread() == 0) {
    if (way.fin_received) return Moved{error::eof};  // whatever came after it
    if (side.error) return Moved{tell(side, error::eof)};
    return std::nullopt;
  }
  const std::size_t most = std::min(way.unread(), to.size());
  const std::size_t count = share_of(end, most, &ShortIo::read_percent, Happening::kShortRead);
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
  const std::size_t count = share_of(end, most, &ShortIo::write_percent, Happening::kShortWrite);
  std::string bytes(count, '\0');
  boost::asio::buffer_copy(boost::asio::buffer(bytes), from);
  send(end, std::move(bytes));
  return Moved{{}, count};
}

runtime::error_code Connection::shutdown_send(std::size_t end) {
  Side& side = sides_[end];
  if (side.error) return error::not_connected;
  if (base::is_mutant(base::Mutant::kNoHalfClose)) return {};
  if (!std::exchange(side.fin_sent, true)) send_fin(end);
  return {};
}

bool Connection::is_acknowledged(std::size_t end) const {
  const Way& way = ways_[end];
  return way.segments_sent - way.segments_acknowledged <= (sides_[end].fin_sent ? 1 : 0);
}

void Connection::close(std::size_t end, Ending ending) {
  Side& side = sides_[end];
  CHECK(!side.closed, "an end is closed once");
  side.user = nullptr;
  const bool is_over = static_cast<bool>(side.error);
  side.closed = true;
  if (ending == Ending::kLost) {
    if (side.gone == Gone::kNo) side.gone = Gone::kLost;
    ways_[end].drop_wire();
  } else if (!is_over) {
    say_goodbye(end);
  }
  forget_when_over();
}

void Connection::say_goodbye(std::size_t end) {
  if (ways_[other(end)].unread() > 0) {
    reset(end);
  } else if (!std::exchange(sides_[end].fin_sent, true)) {
    send_fin(end);
  }
}

void Connection::fail(std::size_t end, runtime::error_code error) {
  const auto self = shared_from_this();
  sides_[end].error = error;
  ways_[end].drop_wire();
  if (User* user = sides_[end].user) {
    user->writable();  // Asio tries what waits to write first
    if (sides_[end].user == user) user->readable();
  }
  forget_when_over();
}

void Connection::forget(std::size_t end) {
  if (is_dead(end)) return;
  kernel_.count(Happening::kForgotten);
  Side& side = sides_[end];
  const bool answers = side.faults.percent(kernel_.config.forgotten_answers_percent);
  side.gone = answers ? Gone::kForgottenAnswers : Gone::kForgottenIgnores;
  ways_[other(end)].drop_unread();
  fail(end, error::connection_aborted);
}

}  // namespace prometheus_rsocket::sim
