// RSocket over TCP as a RawPeer sends and gets it: frames with their length in front.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rsocket/frame.h"

namespace prometheus_rsocket::sim::peer {

[[nodiscard]] std::string framed(std::string_view frame);
[[nodiscard]] std::string framed(const rsocket::Frame& frame);

// As Micrometer's Java client sends it (wire-protocol, 1.1).
[[nodiscard]] rsocket::SetupFrame setup_frame(
    std::chrono::milliseconds lifetime = std::chrono::seconds(90));

// The whole frames in `bytes`; what is none is left out. They borrow from `bytes`.
[[nodiscard]] std::vector<rsocket::Frame> frames(std::string_view bytes);

// The code of the last ERROR on stream 0 among the frames in `bytes`.
[[nodiscard]] std::optional<rsocket::ErrorCode> last_error(std::string_view bytes);

}  // namespace prometheus_rsocket::sim::peer
