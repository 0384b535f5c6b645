// One TCP connection on the virtual network: two ends, and what is under way between them.
//
// What is written travels as segments, in order, each with a delay of its own. A segment that meets
// an obstacle is held, and sent again as Linux would or, after a clog, at once; the
// acknowledgements that come back open the window and show the sender that it is heard.
//
// connection.cpp has what the ends do, connection_wire.cpp what happens between them.
#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/time.h"
#include "runtime/network.h"
#include "sim/event_queue.h"
#include "sim/host.h"
#include "sim/kernel.h"

namespace prometheus_rsocket::sim {

// The names of a connection's two ends.
inline constexpr std::size_t kDialler = 0;
inline constexpr std::size_t kAcceptor = 1;
[[nodiscard]] constexpr std::size_t other(std::size_t end) { return 1 - end; }

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // Who has an end open.
  class User {
   public:
    virtual ~User() = default;
    virtual void readable() = 0;  // a read that had to wait may be tried again
    virtual void writable() = 0;
  };

  struct Place {
    Host* host = nullptr;
    runtime::Endpoint endpoint;
  };

  struct Moved {
    runtime::error_code error;
    std::size_t bytes = 0;
  };

  Connection(Kernel& kernel, VirtualNetwork& network, std::uint64_t entity, Place dialler,
             Place acceptor);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The last step of the handshake: the acceptor's end opens when it arrives.
  void establish();

  void attach(std::size_t end, User* user) { sides_[end].user = user; }
  [[nodiscard]] const Host& host(std::size_t end) const { return *sides_[end].place.host; }
  [[nodiscard]] const runtime::Endpoint& endpoint(std::size_t end) const {
    return sides_[end].place.endpoint;
  }

  // Nothing: to be tried again when the user is told. The buffers hold at least one byte.
  [[nodiscard]] std::optional<Moved> read(std::size_t end, boost::asio::mutable_buffer to);
  [[nodiscard]] std::optional<Moved> write(std::size_t end,
                                           std::span<const boost::asio::const_buffer> from);
  [[nodiscard]] runtime::error_code shutdown_send(std::size_t end);
  // Whether the end knows that all it has written, its FIN aside, has come to the other's host.
  [[nodiscard]] bool is_acknowledged(std::size_t end) const;

  // The end's last use: FIN, or RST if something was not read. kLost: nothing.
  void close(std::size_t end, Ending ending);
  void reset(std::size_t end);  // RST whatever there is

  [[nodiscard]] bool is_open() const { return !sides_[0].closed || !sides_[1].closed; }

  // --- Faults
  void resume();     // an obstacle is gone: what it held goes on
  void pace_anew();  // the bandwidth is another
  void break_off();  // a middlebox sends RST both ways; what is under way then is lost
  // The end vanishes and says nothing more: its user's operations fail with connection_aborted, and
  // what the peer sends is lost or answered by RST (Config::forgotten_answers_percent).
  void forget(std::size_t end);

 private:
  struct Segment {
    std::string bytes;
    bool fin = false;
    bool establishes = false;
    base::Duration transit{};
    std::uint64_t acknowledges = 0;  // how many of the other way's had come when it was sent
    base::Instant leaves;            // the sender's line, as far as there is a bandwidth
    base::Instant arrival;
  };

  // One direction, from the end of the same number to the other.
  struct Way {
    std::deque<Segment> wire;
    std::optional<EventQueue::Id> arriving;  // the event for the first segment
    std::optional<Happening> held_by;        // the obstacle that the first segment met
    base::Instant held_since;
    base::Instant line_free;  // when all segments so far have left
    base::Instant last_arrival;
    bool is_reset_held = false;

    std::string received;  // in order, from read_to on not yet read
    std::size_t read_to = 0;
    bool fin_received = false;

    // Segments, and bytes that were read: at the receiver, and as the sender knows by now.
    std::uint64_t segments_sent = 0;
    std::uint64_t segments_delivered = 0;
    std::uint64_t segments_acknowledged = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_freed = 0;

    bool is_feedback_under_way = false;
    bool is_feedback_held = false;
    bool is_feedback_stale = false;  // there is news since it set out
    std::uint64_t told_delivered = 0;
    std::uint64_t told_read = 0;

    base::Instant progress;  // when the sender last heard of the receiver, or began to wait
    std::optional<EventQueue::Id> watching;  // the event that looks whether it did

    [[nodiscard]] std::size_t unread() const { return received.size() - read_to; }
    void drop_unread() {
      received.clear();
      read_to = 0;
    }
    void drop_wire() {
      wire.clear();
      held_by.reset();
    }
  };

  // Whether an end vanished without a word, and what its host does with what still comes for it:
  // answers with RST, or nothing.
  enum class Gone : std::uint8_t { kNo, kLost, kForgottenAnswers, kForgottenIgnores };

  struct Side {
    Side(Place at, const Kernel& kernel, std::uint64_t entity);

    Place place;
    User* user = nullptr;
    bool has_short_io = false;  // unless somebody decided for its host
    bool closed = false;        // by its user
    bool fin_sent = false;
    Gone gone = Gone::kNo;
    runtime::error_code error;  // the end of it, if that was not a FIN
    bool error_told = false;    // to one operation, as Linux does
    // Each for itself, so that one kind of trouble does not shift the draws of another.
    Draws transits;  // of what is sent from here
    Draws shares;    // of reads and writes
    Draws faults;
  };

  [[nodiscard]] bool is_dead(std::size_t end) const {
    return sides_[end].closed || static_cast<bool>(sides_[end].error);
  }
  // REQUIRES: the end has an error. `then`: what operations get to which it is not told.
  [[nodiscard]] runtime::error_code tell(Side& side, runtime::error_code then);
  // What stops something from this end to the other now.
  [[nodiscard]] std::optional<Happening> obstacle(std::size_t end) const;
  [[nodiscard]] base::Duration transit(std::size_t end);
  EventQueue::Id schedule(base::Instant at, EventKind kind, std::size_t end, std::uint64_t size,
                          void (Connection::*step)(std::size_t), bool is_background = false);

  // How much of what could be moved is moved; `percent` of ShortIo.
  [[nodiscard]] std::size_t share_of(std::size_t end, std::size_t most,
                                     std::uint32_t ShortIo::*percent, Happening less);
  void fail(std::size_t end, runtime::error_code error);
  void say_goodbye(std::size_t end);

  void send(std::size_t end, std::string bytes);  // in pieces, if there is a bandwidth
  void send_fin(std::size_t end);
  void push(std::size_t end, Segment segment);
  void pace(std::size_t end, Segment& segment);
  // Sets anew when the segments arrive: all, or those that have not left.
  void pace_again(std::size_t end, base::Instant from, bool all);
  void expect_arrival(std::size_t end);
  void arrive(std::size_t end);
  void deliver(std::size_t end, Segment segment);
  void meet_dead_end(std::size_t end, const Segment& segment);
  void corrupt(std::size_t end, Segment& segment);

  void reset_arrives(std::size_t end);
  void middlebox_reset_arrives(std::size_t end);
  void take_reset(std::size_t end);

  void tell_sender(std::size_t end);
  void sender_told(std::size_t end);
  void take_feedback(std::size_t end);
  void take_acknowledgement(std::size_t end, std::uint64_t segments);
  void resume_feedback(std::size_t end);

  void watch(std::size_t end);
  void forget_when_over();     // with both ends dead there is nobody to tell
  void look(std::size_t end);  // whether the sender was heard
  [[nodiscard]] bool is_stalled(std::size_t end) const;

  Kernel& kernel_;
  VirtualNetwork& network_;
  const std::uint64_t entity_;
  const std::uint64_t number_;  // in the network's list
  Side sides_[2];
  Way ways_[2];
};

}  // namespace prometheus_rsocket::sim
