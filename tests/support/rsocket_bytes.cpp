#include "support/rsocket_bytes.h"

#include <algorithm>
#include <array>
#include <variant>

#include "base/bytes.h"
#include "rsocket/frame_reader.h"
#include "rsocket/limits.h"

namespace prometheus_rsocket::test {

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

std::optional<rsocket::ErrorCode> last_error(std::string_view bytes) {
  std::optional<rsocket::ErrorCode> code;
  rsocket::FrameReader reader;
  while (!bytes.empty()) {
    const std::span<std::byte> room = reader.prepare();
    const std::size_t size = std::min(room.size(), bytes.size());
    std::ranges::copy(base::as_bytes(bytes.substr(0, size)), room.begin());
    bytes.remove_prefix(size);
    reader.commit(size);
    for (auto frame = reader.next(); frame && *frame; frame = reader.next()) {
      const auto decoded = rsocket::decode(**frame);
      if (!decoded || decoded->stream != rsocket::kConnectionStream) continue;
      if (const auto* error = std::get_if<rsocket::ErrorFrame>(&decoded->body)) code = error->code;
    }
  }
  return code;
}

}  // namespace prometheus_rsocket::test
