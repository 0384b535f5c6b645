// The one loop that drives an rsocket::Connection over a FrameChannel: bytes to frames to events,
// and commands to frames to bytes, with the timers in between. It decides nothing.
//
// Used by both sides: by the proxy for what dialled in, by the agent for what it dialled. One
// shard.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "rsocket/connection.h"
#include "runtime/alarm.h"
#include "runtime/runtime.h"
#include "transport/frame_channel.h"
#include "transport/frame_gate.h"
#include "transport/turns.h"

namespace prometheus_rsocket::transport {

class SessionHandler {
 public:
  virtual ~SessionHandler() = default;
  // Called on the session's shard, from its loop; may command the session. rsocket::Closed comes
  // exactly once, last, and after start() in every case, unless the session was detached before.
  // Payloads are valid during the call.
  virtual void on_event(const rsocket::Event& event) = 0;
};

// Shared: its owner holds it to command it, operations under way hold it to finish them.
class Session final : public Turns::User, public std::enable_shared_from_this<Session> {
 public:
  // `handler` must outlive the session or detach() itself. `shard` outlives both. `budget`: what
  // frames on their way in share with other sessions of the shard; none: without bound. `turns`:
  // likewise what they share of its time; none: whatever has come is handled at once.
  Session(runtime::Shard& shard, std::unique_ptr<FrameChannel> channel,
          rsocket::Connection connection, SessionHandler& handler,
          std::shared_ptr<ByteBudget> budget = nullptr, std::shared_ptr<Turns> turns = nullptr);

  // Begins to read, write and keep time. Once.
  void start();

  // Commands: those of rsocket::Connection. What they queue is written soon, together.
  void connect(const rsocket::SetupConfig& setup);
  [[nodiscard]] boost::system::result<rsocket::StreamId> request_response(
      const rsocket::PayloadView& payload);
  [[nodiscard]] boost::system::result<rsocket::StreamId> fire_and_forget(
      const rsocket::PayloadView& payload);
  [[nodiscard]] boost::system::result<void> respond(rsocket::StreamId stream,
                                                    const rsocket::PayloadView& payload);
  [[nodiscard]] boost::system::result<void> respond_error(rsocket::StreamId stream,
                                                          rsocket::ErrorCode code,
                                                          std::string_view text);
  void cancel(rsocket::StreamId stream);

  // Hears the peer no more: nothing is read, its own end neither, and what has come of frames is
  // dropped. Until close(), abort() or the peer's lifetime is over.
  void mute();
  // Flushes what is queued, says ERROR `code` on stream 0 and ends.
  void close(rsocket::ErrorCode code, std::string_view text);
  // Flushes what is queued and ends without a word, as a client that has done its work.
  void finish();
  // Ends at once; what is queued is lost.
  void abort();
  // No event from now on.
  void detach() { handler_ = nullptr; }
  // `closed` is called once, soon after the channel was closed: later than rsocket::Closed where
  // the goodbye is still on its way. Detached or not; at the end of the process not at all.
  void when_channel_closed(runtime::Handler<void()> closed);

  [[nodiscard]] const rsocket::Connection& connection() const { return connection_; }
  // Whether all that was queued before finish() or close() has been handed to the network: false
  // also where the peer's lifetime was over first, since then the queue is dropped.
  [[nodiscard]] bool flushed() const { return flushed_; }
  // What its stream ended with; none where it has not, or by the peer's orderly end.
  [[nodiscard]] boost::system::error_code stream_error() const { return stream_error_; }
  [[nodiscard]] TransportKind kind() const { return channel_->kind(); }
  [[nodiscard]] runtime::Endpoint remote_endpoint() const { return remote_; }

 private:
  enum class Phase {
    kRunning,
    kLingering,  // all is written and we said goodbye: waiting for the peer's end
    kEnded,
  };

  void on_turn() override;
  void schedule();
  void drive();
  void keep_time();
  [[nodiscard]] bool may_take() const;
  void take_frames();
  [[nodiscard]] bool is_its_turn(base::ByteView frame);
  void take_frame(base::ByteView frame);
  [[nodiscard]] bool skip_arriving();
  void deliver_events();
  void write();
  void fill();
  void say_goodbye();
  void set_alarm();
  void end(boost::system::error_code error = {});
  void on_filled(runtime::error_code error);
  void on_written(runtime::error_code error);
  [[nodiscard]] bool all_written() const;
  [[nodiscard]] std::optional<base::Instant> next_deadline() const;

  runtime::Shard& shard_;
  std::unique_ptr<FrameChannel> channel_;
  rsocket::Connection connection_;
  FrameGate gate_;
  std::shared_ptr<Turns> turns_;
  SessionHandler* handler_;  // null when detached
  std::optional<runtime::Handler<void()>> channel_closed_;
  runtime::Endpoint remote_;

  Phase phase_ = Phase::kRunning;
  bool muted_ = false;
  bool finish_ = false;   // finish() was called
  bool dropped_ = false;  // the queue, though finish() was called
  bool flushed_ = false;
  boost::system::error_code stream_error_;
  bool scheduled_ = false;               // drive() is posted
  std::optional<base::ByteView> frame_;  // taken from the channel, and it is not its turn yet
  bool waits_for_turn_ = false;
  bool has_turn_ = false;
  bool filling_ = false;
  bool writing_ = false;
  std::uint64_t written_bytes_seen_ = 0;          // when the stall deadline was set
  std::optional<base::Instant> stall_deadline_;   // while writing
  std::optional<base::Instant> read_deadline_;    // while a frame that has taken room is to go on
  std::optional<base::Instant> linger_deadline_;  // while lingering
  runtime::Alarm alarm_;
};

}  // namespace prometheus_rsocket::transport
