#include "rsocket/frame.h"

namespace prometheus_rsocket::rsocket {

namespace {

class FrameErrorCategory : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "rsocket frame"; }

  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<FrameError>(value)) {
      case FrameError::kHeaderTooShort:
        return "frame shorter than its header";
      case FrameError::kFrameTooLong:
        return "frame longer than its type allows";
      case FrameError::kBodyTooShort:
        return "frame body too short";
      case FrameError::kMetadataTooLong:
        return "metadata length passes the end of the frame";
      case FrameError::kTrailingBytes:
        return "bytes after the end of the frame body";
      case FrameError::kZeroRequestN:
        return "request n is 0";
      case FrameError::kZeroInterval:
        return "keepalive interval or lifetime is 0";
      case FrameError::kZeroExtendedType:
        return "extended type is 0";
      case FrameError::kStreamNotAllowed:
        return "stream id not allowed for this frame type";
      case FrameError::kPayloadWithoutFlags:
        return "PAYLOAD with neither NEXT nor COMPLETE";
      case FrameError::kUnknownType:
        return "unknown frame type";
    }
    return "unknown frame error";
  }
};

}  // namespace

boost::system::error_code make_error_code(FrameError error) {
  static const FrameErrorCategory category;
  return {static_cast<int>(error), category};
}

}  // namespace prometheus_rsocket::rsocket
