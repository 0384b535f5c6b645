// What a peer's frame may cost before it is whole: decides, as it arrives, whether its body is
// worth the memory. Between a FrameChannel and an rsocket::Connection, which knows what is waited
// for.
//
// Sans-I/O. The driver asks for each frame, whole or not; one that is not admitted goes to
// rsocket::Connection::handle_skipped_frame(), and FrameChannel::skip_frame() if it is not whole.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "rsocket/connection.h"
#include "transport/byte_budget.h"

namespace prometheus_rsocket::transport {

class FrameGate {
 public:
  // No budget: without bound.
  explicit FrameGate(std::shared_ptr<ByteBudget> budget) : held_(std::move(budget)) {}

  // Whether to go on with the frame that has this header and of which `bytes` have come: all of it,
  // or the first part; asked again as more comes. Takes the room for them from the budget: for
  // frames longer than rsocket::kUnaskedFrameBytesMax, and for fragments, since these stay.
  [[nodiscard]] bool admits(base::Instant now, const rsocket::Connection& connection,
                            const rsocket::FrameHeader& header, std::size_t bytes);

  // Whether the frame under way has taken room.
  [[nodiscard]] bool charged() const { return frame_bytes_ > 0; }
  // … and for rsocket::kReassemblyTime already: one that is not whole by then has to be dropped.
  [[nodiscard]] bool overdue(base::Instant now) const { return deadline_ && now >= *deadline_; }

  // The frame was handled or dropped.
  void end_frame() {
    frame_bytes_ = 0;
    deadline_.reset();
  }
  // Gives back what neither the frame under way nor the connection holds any more. REQUIRES: every
  // event was polled.
  void settle(const rsocket::Connection& connection) {
    held_.shrink(connection.buffered_bytes() + frame_bytes_);
  }

 private:
  Reservation held_;
  std::size_t frame_bytes_ = 0;            // of the frame under way, as far as they are in held_
  std::optional<base::Instant> deadline_;  // of the frame under way, once charged
};

}  // namespace prometheus_rsocket::transport
