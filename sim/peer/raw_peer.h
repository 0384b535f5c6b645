// A peer that sends the bytes it is given and keeps what comes back: for everything a well-behaved
// client would not do. On a simulated shard or a real one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/runtime.h"

namespace prometheus_rsocket::sim::peer {

class RawPeer {
 public:
  // Dials at once. `shard` outlives it.
  RawPeer(runtime::Shard& shard, const runtime::Endpoint& to);
  // Of a connection that was accepted.
  RawPeer(runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream);
  ~RawPeer();  // closes
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  void send(std::string_view bytes);  // in order, as soon as it can
  void send_fin();                    // after what was sent
  void close();                       // RST if something was not read
  // What comes stays in the receive window until read again.
  void pause_reading();
  void resume_reading();

  // Called after each read, the last one included. It may do anything but destroy the peer.
  void on_received(std::function<void()> handler);

  [[nodiscard]] bool connected() const;
  [[nodiscard]] const std::string& received() const;
  // What the reads ended with: eof, connection_reset …; no error while they go on.
  [[nodiscard]] runtime::error_code ended() const;
  // What a write ended with, if one failed: Linux tells an error to one operation alone.
  [[nodiscard]] runtime::error_code write_ended() const;
  [[nodiscard]] std::size_t unsent() const;
  [[nodiscard]] bool is_acknowledged() const;  // as runtime::Stream has it

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace prometheus_rsocket::sim::peer
