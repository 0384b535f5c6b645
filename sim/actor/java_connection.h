// One connection of Micrometer's Java client with rsocket-java 1.1.3, 1.1.4 or 1.1.5, frame by
// frame: a model of their measured habits, the bad ones included (wire-protocol.md, section 1).
//
// On frames rather than on rsocket::Connection, whose manners are better:
//
//                         1.1.3           1.1.4               1.1.5
//   ERROR on stream 0     closes          goes mute, waits    goes mute, waits
//   keepalives are not    closes at the   goes mute, stays    closes at the
//   answered              fifth, 100 s    (a zombie)          fifth, 100 s
//   its own end           FIN             ERROR 0x101, FIN    ERROR 0x101, FIN
//
// Mute: it reads, but says nothing more, whatever it is asked. Only KEEPALIVE frames count as an
// answer. A FIN ends it at once. Over WebSocket its own end is a close frame, and Reactor Netty
// closes as soon as that is written: whoever never answers it holds up nothing.
#pragma once

#include <memory>
#include <vector>

#include "rsocket/frame.h"
#include "runtime/alarm.h"
#include "runtime/runtime.h"
#include "sim/history/history.h"
#include "transport/frame_channel.h"

namespace prometheus_rsocket::sim::actor {

// Shared with the operations under way. One shard.
class JavaConnection : public std::enable_shared_from_this<JavaConnection> {
 public:
  // Payloads are valid during the call. Any of these may dispose the connection.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_request(rsocket::StreamId stream, base::ByteView data) = 0;
    virtual void on_fire_and_forget(base::ByteView data) = 0;
    virtual void on_cancel(rsocket::StreamId stream) = 0;
    // An answer to our request, or the ERROR in place of it.
    virtual void on_answer(rsocket::StreamId stream, bool ok) = 0;
    // Once, last; unless it was detached. `flushed`: it was disposed, and all that had been sent
    // went to the network first.
    virtual void on_ended(bool flushed) = 0;
  };

  // `owner` outlives it or detaches itself, `shard` outlives what runs on it. Not kOurs.
  JavaConnection(runtime::Shard& shard, std::unique_ptr<transport::FrameChannel> channel,
                 history::ClientKind kind, Owner& owner);

  // Sends SETUP, reads, keeps alive. Once.
  void start();
  // Does nothing when mute or ended.
  void send(const rsocket::Frame& frame);
  // Ends it in this version's way, after what was sent.
  void dispose();
  // Nobody is called any more, and the stream is closed.
  void detach();

  [[nodiscard]] bool mute() const { return mute_; }

 private:
  void fill();
  void on_filled(runtime::error_code error);
  void take_frames();
  void receive(const rsocket::Frame& frame);
  void tick();
  void fall_mute();
  void write();
  void shut_down();
  void end(bool flushed);

  runtime::Shard& shard_;
  std::unique_ptr<transport::FrameChannel> channel_;
  const history::ClientKind kind_;
  Owner* owner_;  // null when detached
  std::unique_ptr<runtime::Alarm> keepalive_;
  std::unique_ptr<runtime::Alarm> unanswered_;  // our goodbye
  base::Instant last_heard_;                    // a KEEPALIVE frame, or the beginning
  std::vector<base::Bytes> queue_;
  bool writing_ = false;
  bool mute_ = false;
  bool disposing_ = false;
  bool shutting_down_ = false;
  bool ended_ = false;
};

}  // namespace prometheus_rsocket::sim::actor
