// What hostile and broken peers do to a proxy, as a numbered list of small scripts over raw bytes
// (wire-protocol.md, section 4). hostile_peer.h plays them.
//
// An attack may waste its own connection as it likes. What it must never do is change a line of
// another client: where it puts valid text on the page, its families begin with `other_`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "rsocket/frame.h"
#include "runtime/runtime.h"
#include "sim/actor/ports.h"

namespace prometheus_rsocket::sim::actor {

// What it sends by itself: these bytes, so many times, with so long after each.
struct AttackStep {
  std::string bytes;
  unsigned times = 1;
  base::Duration gap{};
};

// A scrape's request, as it came.
struct Question {
  runtime::Shard& shard;
  rsocket::StreamId stream;
  base::ByteView key;   // in DER; valid during the call
  unsigned number = 1;  // counted from 1 on this connection
};

struct Attack {
  std::string_view name;  // as a test would be named: [a-z_0-9]+
  std::vector<AttackStep> steps;
  // The bytes that answer a question; empty: it does not answer.
  std::function<std::string(const Question&)> answer = {};
  bool dies_after_answer = false;  // closes when it has sent its first answer
  bool reads = true;
  std::uint16_t port = kTcpPort;
  // After its last step it stays for so long, unless the proxy ends it.
  base::Duration stays = std::chrono::seconds(30);
};

// Numbered by position, always the same.
[[nodiscard]] const std::vector<Attack>& attacks();

// Who says that it is somebody else, by PROXY headers and X-Forwarded-For; numbered likewise, apart
// from the others. Nobody lives in 10.8.0.0/16, which some of them claim.
[[nodiscard]] const std::vector<Attack>& forgeries();

// The parts of the list: those that need no request, those that answer one.
[[nodiscard]] std::vector<Attack> attacks_by_themselves();
[[nodiscard]] std::vector<Attack> attacks_over_websocket();
[[nodiscard]] std::vector<Attack> attacks_by_answers();

}  // namespace prometheus_rsocket::sim::actor
