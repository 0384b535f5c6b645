#include "transport/frame_gate.h"

#include "rsocket/limits.h"

namespace prometheus_rsocket::transport {

bool FrameGate::admits(base::Instant now, const rsocket::Connection& connection,
                       const rsocket::FrameHeader& header, std::size_t bytes) {
  if (!connection.wants_frame(header, bytes)) return false;
  if (bytes <= rsocket::kUnaskedFrameBytesMax && !rsocket::is_fragment(header)) return true;
  if (!held_.resize(connection.buffered_bytes() + bytes)) return false;
  frame_bytes_ = bytes;
  if (!deadline_) deadline_ = now + rsocket::kReassemblyTime;
  return true;
}

}  // namespace prometheus_rsocket::transport
