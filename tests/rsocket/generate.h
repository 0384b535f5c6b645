// Arbitrary frames of every type for RapidCheck properties.
#pragma once

#include <rapidcheck.h>

#include <deque>
#include <string>

#include "rsocket/frame.h"
#include "rsocket/limits.h"

namespace prometheus_rsocket::rsocket {

// Makes frames and keeps the bytes that they borrow.
class FrameGenerator {
 public:
  Frame frame() {
    const StreamId connection = kConnectionStream;
    const StreamId stream{number<std::uint32_t>(1, kU31Max)};
    switch (number<int>(0, 14)) {
      case 0:
        return {connection, setup()};
      case 1:
        return {connection, LeaseFrame{u31(), u31(), maybe_bytes()}};
      case 2:
        return {connection, KeepaliveFrame{flag(), u63(), bytes()}};
      case 3:
        return {stream, RequestStreamFrame{flag(), positive(), payload()}};
      case 4:
        return {stream, RequestChannelFrame{flag(), flag(), positive(), payload()}};
      case 5:
        return {stream, RequestNFrame{positive()}};
      case 6:
        return {stream, CancelFrame{}};
      case 7:
        return {flag() ? stream : connection,
                ErrorFrame{static_cast<ErrorCode>(*rc::gen::arbitrary<std::uint32_t>()), text()}};
      case 8:
        return {connection, MetadataPushFrame{bytes()}};
      case 9:
        return {connection, ResumeFrame{u16(), u16(), bytes(), u63(), u63()}};
      case 10:
        return {connection, ResumeOkFrame{u63()}};
      case 11:
        return {flag() ? stream : connection, ExtensionFrame{flag(), positive(), payload()}};
      default:
        return fragmentable(flag());
    }
  }

  // A request or PAYLOAD.
  Frame fragmentable(bool follows) {
    const StreamId stream{number<std::uint32_t>(1, kU31Max)};
    switch (number<int>(0, 4)) {
      case 0:
        return {stream, RequestResponseFrame{follows, payload()}};
      case 1:
        return {stream, RequestFnfFrame{follows, payload()}};
      case 2:
        return {stream, RequestStreamFrame{follows, positive(), payload()}};
      case 3:
        return {stream, RequestChannelFrame{follows, flag(), positive(), payload()}};
      default: {
        const bool complete = !follows && flag();
        return {stream, PayloadFrame{follows, complete, !complete || flag(), payload()}};
      }
    }
  }

  PayloadView payload() { return {.metadata = maybe_bytes(), .data = bytes()}; }

 private:
  template <class Number>
  Number number(Number low, Number high) {
    return static_cast<Number>(
        *rc::gen::inRange<std::int64_t>(low, static_cast<std::int64_t>(high) + 1));
  }
  bool flag() { return *rc::gen::arbitrary<bool>(); }
  std::uint16_t u16() { return *rc::gen::arbitrary<std::uint16_t>(); }
  std::uint32_t u31() { return number<std::uint32_t>(0, kU31Max); }
  std::uint32_t positive() { return number<std::uint32_t>(1, kU31Max); }
  std::uint64_t u63() { return *rc::gen::arbitrary<std::uint64_t>() >> 1U; }

  std::string_view text() {
    texts_.push_back(*rc::gen::arbitrary<std::string>());
    return texts_.back();
  }
  ByteView bytes() { return base::as_bytes(text()); }
  std::optional<ByteView> maybe_bytes() {
    if (flag()) return bytes();
    return std::nullopt;
  }

  SetupFrame setup() {
    SetupFrame setup;
    setup.version_major = u16();
    setup.version_minor = u16();
    setup.keepalive_interval = std::chrono::milliseconds(positive());
    setup.lifetime_max = std::chrono::milliseconds(positive());
    setup.lease = flag();
    setup.resume_token = maybe_bytes();
    setup.metadata_mime_type = text();
    setup.data_mime_type = text();
    setup.payload = payload();
    return setup;
  }

  std::deque<std::string> texts_;
};

}  // namespace prometheus_rsocket::rsocket
