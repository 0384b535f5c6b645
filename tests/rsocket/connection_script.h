// A Connection under a script: what it is told goes in, what it does comes out as lines of text.
#pragma once

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "rsocket/connection.h"

namespace prometheus_rsocket::rsocket {

using Lines = std::vector<std::string>;

inline PayloadView text_payload(std::string_view text) {
  return {.metadata = std::nullopt, .data = base::as_bytes(text)};
}

// Errors by their code, since the text is for people: `send ERROR stream=0 0x101`.
inline std::string describe(const Frame& frame) {
  std::ostringstream out;
  out << "send ";
  if (const auto* error = std::get_if<ErrorFrame>(&frame.body)) {
    out << "ERROR stream=" << frame.stream << " 0x" << std::hex
        << static_cast<std::uint32_t>(error->code);
  } else {
    out << frame;
  }
  return out.str();
}

class Script {
 public:
  explicit Script(Role role, const ConnectionConfig& config = {})
      : connection(role, config, base::Instant{}) {}

  // A server that has had SETUP, or a client that has sent it.
  static Script open(Role role, const ConnectionConfig& config = {}) {
    Script script(role, config);
    if (role == Role::kClient) {
      script.connection.connect(script.now, SetupConfig{});
    } else {
      script.connection.handle_frame(script.now, encode(setup()));
    }
    (void)script.take();
    return script;
  }

  static Frame setup() {
    SetupFrame body;
    body.keepalive_interval = 20s;
    body.lifetime_max = 90s;
    body.metadata_mime_type = "application/binary";
    body.data_mime_type = "application/binary";
    return {kConnectionStream, body};
  }

  Lines receive(const Frame& frame) { return receive(encode(frame)); }
  Lines receive(ByteView frame) {
    connection.handle_frame(now, frame);
    return take();
  }
  Lines receive(std::uint32_t stream, FrameBody body) {
    return receive(Frame{StreamId{stream}, std::move(body)});
  }

  // Virtual time passes; the timer rings whenever the connection asked for it.
  Lines pass(base::Duration time) {
    const base::Instant until = now + time;
    Lines lines;
    for (auto next = connection.next_timeout(); next && *next <= until;
         next = connection.next_timeout()) {
      now = std::max(now, *next);
      connection.handle_timeout(now);
      for (std::string& line : take()) lines.push_back(std::move(line));
    }
    now = until;
    return lines;
  }

  // Everything the connection has to say: events, frames, and the end.
  Lines take() {
    Lines lines;
    while (const auto event = connection.poll_event()) {
      std::ostringstream out;
      out << *event;
      lines.push_back(out.str());
    }
    while (const auto bytes = connection.poll_frame()) {
      sent.push_back(*bytes);
      lines.push_back(describe(decode(*bytes).value()));
    }
    if (connection.should_close() && !std::exchange(ended, true)) lines.emplace_back("end");
    return lines;
  }

  base::Instant now{};
  Connection connection;
  std::vector<Bytes> sent;
  bool ended = false;
};

}  // namespace prometheus_rsocket::rsocket
