// Properties of Connections: two joined back to back, and one fed with whatever a peer may send.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "connection_script.h"
#include "generate.h"

namespace prometheus_rsocket::rsocket {
namespace {

// Big enough to be cut by every fragment size generated below.
std::string arbitrary_text() {
  const auto size = *rc::gen::inRange<std::size_t>(0, 2000);
  return std::string(size, *rc::gen::inRange<char>('a', 'z'));
}

// One end: answers every request with the payload it came with, or with an error, or after a while.
struct End {
  End(Role role, const ConnectionConfig& config) : connection(role, config, base::Instant{}) {}

  Connection connection;
  std::map<StreamId, Payload> asked;       // requests of ours without an answer yet
  std::multiset<std::string> told;         // fire-and-forget payloads that arrived
  std::map<StreamId, Payload> unanswered;  // requests of the peer's
  std::size_t sent_fnf = 0;
  bool closed = false;

  void ask() {
    const Payload payload = arbitrary_payload();
    asked.emplace(connection.request_response(payload.view()).value(), payload);
  }
  void tell() {
    const Payload payload = arbitrary_payload();
    (void)connection.fire_and_forget(payload.view()).value();
    ++sent_fnf;
  }
  void cancel_one() {
    if (asked.empty()) return;
    connection.cancel(asked.begin()->first);
    asked.erase(asked.begin());
  }
  void answer_one() {
    if (unanswered.empty()) return;
    const auto [stream, payload] = *unanswered.begin();
    unanswered.erase(unanswered.begin());
    if (payload.data.size() % 5 == 0) {
      RC_ASSERT(connection.respond_error(stream, ErrorCode::kApplicationError, "no"));
    } else {
      RC_ASSERT(connection.respond(stream, payload.view()));
    }
  }

  static Payload arbitrary_payload() {
    const std::string metadata = arbitrary_text();
    const std::string text = arbitrary_text();
    Payload payload{.metadata = std::nullopt, .data = base::copy(base::as_bytes(text))};
    if (metadata.size() % 2 == 0) payload.metadata = base::copy(base::as_bytes(metadata));
    return payload;
  }

  void take_events() {
    while (const auto event = connection.poll_event()) take(*event);
  }

 private:
  void take(const Event& event) {
    if (const auto* request = std::get_if<Request>(&event)) {
      RC_ASSERT(unanswered.emplace(request->stream, to_owned(request->payload)).second);
    } else if (const auto* told_us = std::get_if<FireAndForget>(&event)) {
      told.emplace(base::as_text(told_us->payload.data));
    } else if (const auto* cancelled = std::get_if<RequestCancelled>(&event)) {
      RC_ASSERT(unanswered.erase(cancelled->stream) == 1U);
    } else if (const auto* response = std::get_if<Response>(&event)) {
      RC_ASSERT(asked.contains(response->stream));
      RC_ASSERT(asked.at(response->stream).view() == response->payload);
      asked.erase(response->stream);
    } else if (const auto* error = std::get_if<ResponseError>(&event)) {
      RC_ASSERT(asked.erase(error->stream) == 1U);
    } else {
      RC_ASSERT(std::holds_alternative<SetupReceived>(event));
    }
  }
};

// Carries at most one frame from one end to the other; whether there was one.
bool carry(End& from, End& to) {
  const auto frame = from.connection.poll_frame();
  if (!frame) return false;
  to.connection.handle_frame(base::Instant{}, *frame);
  to.take_events();
  return true;
}

ConnectionConfig arbitrary_config() {
  ConnectionConfig config;
  if (*rc::gen::arbitrary<bool>()) {
    config.fragment_bytes_max = *rc::gen::inRange<std::size_t>(kFragmentBytesMin, 3000);
  }
  return config;
}

RC_GTEST_PROP(ConnectionProperty, EveryRequestIsAnsweredExactlyOnce, ()) {
  End client(Role::kClient, arbitrary_config());
  End server(Role::kServer, arbitrary_config());
  client.connection.connect(base::Instant{}, SetupConfig{});
  carry(client, server);
  RC_ASSERT(server.connection.state() == ConnectionState::kOpen);

  for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12))) {
    End& end = step % 2 == 0 ? client : server;
    End& other = step % 2 == 0 ? server : client;
    switch (step / 2) {
      case 0:
        end.ask();
        break;
      case 1:
        end.tell();
        break;
      case 2:
        end.cancel_one();
        break;
      case 3:
        end.answer_one();
        break;
      default:
        carry(end, other);
    }
  }
  bool busy = true;
  while (busy) {
    busy = carry(client, server);
    busy = carry(server, client) || busy;
    busy = busy || !client.unanswered.empty() || !server.unanswered.empty();
    client.answer_one();
    server.answer_one();
  }
  for (const End* end : {&client, &server}) {
    RC_ASSERT(end->asked.empty());
    RC_ASSERT(end->connection.inbound_streams() == 0U);
    RC_ASSERT(end->connection.outbound_streams() == 0U);
    RC_ASSERT(end->connection.queued_bytes() == 0U);
    RC_ASSERT(end->connection.state() == ConnectionState::kOpen);
  }
  RC_ASSERT(client.told.size() <= server.sent_fnf);
  RC_ASSERT(server.told.size() <= client.sent_fnf);
}

// A frame of the generator, on a stream that is likely to mean something, perhaps damaged.
Bytes arbitrary_bytes() {
  FrameGenerator generate;
  Frame frame = generate.frame();
  if (frame.stream != kConnectionStream && *rc::gen::arbitrary<bool>()) {
    frame.stream = StreamId{*rc::gen::inRange<std::uint32_t>(1, 8)};
  }
  Bytes bytes = encode(frame);
  const int damage = *rc::gen::inRange(0, 8);
  if (damage == 0) bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size()));
  if (damage == 1) bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] ^= std::byte{0x81};
  return bytes;
}

RC_GTEST_PROP(ConnectionProperty, WhateverArrivesEndsInClosedOrIsIgnored, ()) {
  const Role role = *rc::gen::arbitrary<bool>() ? Role::kClient : Role::kServer;
  Script script =
      *rc::gen::arbitrary<bool>() || role == Role::kClient ? Script::open(role) : Script(role);
  for (int i = 0; i < 3; ++i) (void)script.connection.request_response(text_payload("a"));
  (void)script.take();
  const auto count = *rc::gen::inRange(0, 50);
  std::size_t closed = 0;
  for (int i = 0; i < count; ++i) {
    for (const std::string& line : script.receive(arbitrary_bytes())) {
      RC_ASSERT(closed == 0U || line.starts_with("send ERROR stream=0") || line == "end");
      if (line.starts_with("Closed")) ++closed;
    }
    RC_ASSERT((closed == 1U) == (script.connection.state() == ConnectionState::kClosed));
    RC_ASSERT(script.connection.inbound_streams() <= kInboundStreamsMax);
    (void)script.pass(1s);
    if (script.connection.state() == ConnectionState::kClosed) closed = 1;
  }
}

RC_GTEST_PROP(ConnectionProperty, ArbitraryBytesAreNoSetup,
              (const std::vector<std::uint8_t>& raw)) {
  Script script(Role::kServer);
  const Lines lines = script.receive(std::as_bytes(std::span(raw)));
  RC_ASSERT(lines.size() == 3U);
  RC_ASSERT(lines.front() == "Closed reason=setup_refused");
}

}  // namespace
}  // namespace prometheus_rsocket::rsocket
