#include "sim/peer/rsocket_bytes.h"

#include <algorithm>
#include <array>
#include <variant>

#include "base/bytes.h"
#include "rsocket/frame_reader.h"
#include "rsocket/limits.h"

namespace prometheus_rsocket::sim::peer {

std::string framed(std::string_view frame) {
  std::array<std::byte, rsocket::kLengthPrefixBytes> prefix{};
  rsocket::encode_length_prefix(frame.size(), prefix);
  return std::string(base::as_text(prefix)).append(frame);
}

std::string framed(const rsocket::Frame& frame) {
  return framed(base::as_text(rsocket::encode(frame)));
}

rsocket::SetupFrame setup_frame(std::chrono::milliseconds lifetime) {
  rsocket::SetupFrame frame;
  frame.keepalive_interval = std::chrono::seconds(20);
  frame.lifetime_max = lifetime;
  frame.metadata_mime_type = "application/binary";
  frame.data_mime_type = "application/binary";
  return frame;
}

std::vector<rsocket::Frame> frames(std::string_view bytes) {
  std::vector<rsocket::Frame> decoded;
  base::ByteView rest = base::as_bytes(bytes);
  while (rest.size() > rsocket::kLengthPrefixBytes) {
    std::size_t size = 0;
    for (const std::byte byte : rest.first(rsocket::kLengthPrefixBytes)) {
      size = size << 8U | std::to_integer<std::size_t>(byte);
    }
    rest = rest.subspan(rsocket::kLengthPrefixBytes);
    if (size > rest.size()) break;
    if (const auto frame = rsocket::decode(rest.first(size))) decoded.push_back(*frame);
    rest = rest.subspan(size);
  }
  return decoded;
}

std::optional<rsocket::ErrorCode> last_error(std::string_view bytes) {
  std::optional<rsocket::ErrorCode> code;
  for (const rsocket::Frame& frame : frames(bytes)) {
    const auto* error = std::get_if<rsocket::ErrorFrame>(&frame.body);
    if (error != nullptr && frame.stream == rsocket::kConnectionStream) code = error->code;
  }
  return code;
}

}  // namespace prometheus_rsocket::sim::peer
