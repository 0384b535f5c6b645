#include "sim/actor/attack.h"
#include "sim/peer/proxy_header_bytes.h"
#include "sim/peer/rsocket_bytes.h"

namespace prometheus_rsocket::sim::actor {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

runtime::Endpoint endpoint(const char* address, std::uint16_t port) {
  return {boost::asio::ip::make_address(address), port};
}

const std::string kUpgradeLines =
    "GET / HTTP/1.1\r\nHost: proxy\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

// A good client's first message, with a mask that changes nothing.
std::string setup_message(const std::string& frame) {
  return "\x82"s + static_cast<char>(0x80 | frame.size()) + std::string(4, '\0') + frame;
}

// A good client but for its words about where it comes from.
Attack over_websocket(std::string_view name, const std::string& lines) {
  const base::Bytes setup =
      rsocket::encode(rsocket::Frame{rsocket::kConnectionStream, peer::setup_frame()});
  return {.name = name,
          .steps = {{kUpgradeLines + lines + "\r\n", 1, 2s},
                    {setup_message(std::string(base::as_text(setup)))}},
          .port = kWebSocketPort,
          .stays = 2min};
}

Attack over_tcp(std::string_view name, const std::string& header) {
  const std::string setup =
      peer::framed(rsocket::Frame{rsocket::kConnectionStream, peer::setup_frame()});
  return {.name = name, .steps = {{header + setup}}, .stays = 2min};
}

std::vector<Attack> make_forgeries() {
  const runtime::Endpoint nobody = endpoint("10.8.0.9", 4711);
  const runtime::Endpoint first_client = endpoint("10.1.0.1", 4711);
  const runtime::Endpoint door = endpoint("10.9.0.1", kTcpPort);
  const std::string line = peer::proxy_line(nobody, door);
  const std::string binary = peer::proxy_binary(nobody, door);
  std::vector<Attack> all = {
      over_tcp("forged_line", line),
      over_tcp("forged_line_of_a_client", peer::proxy_line(first_client, door)),
      over_tcp("forged_line_twice", line + line),
      over_tcp("forged_binary", binary),
      over_tcp("forged_binary_of_a_client", peer::proxy_binary(first_client, door)),
      over_tcp("binary_of_an_unknown_family", peer::proxy_binary(0x21, 0x77, "12 bytes of.")),
      over_tcp("binary_too_short", peer::proxy_binary(0x21, 0x11, "short")),
      over_tcp("line_without_addresses", "PROXY TCP4\r\n"),
      over_tcp("line_without_end", "PROXY TCP4 " + std::string(200, '1')),
      over_tcp("line_of_one_newline", "PROXY TCP4 10.8.0.9 10.9.0.1 1 2\n"),
      {.name = "line_cut_short", .steps = {{line.substr(0, 9)}}, .stays = 5s},
      {.name = "binary_cut_short", .steps = {{binary.substr(0, 13)}}, .stays = 5s},
      {.name = "line_that_never_ends", .steps = {{line.substr(0, 20)}}, .stays = 2min},
      over_websocket("forwarded_for_nobody", "X-Forwarded-For: 10.8.0.9\r\n"),
      over_websocket("forwarded_for_a_client", "X-Forwarded-For: 10.1.0.1, 10.1.0.1\r\n"),
      over_websocket("forwarded_for_twice",
                     "X-Forwarded-For: 10.8.0.9\r\nX-Forwarded-For: 10.8.0.8, 10.9.0.1\r\n"),
      over_websocket("forwarded_for_no_address", "X-Forwarded-For: 10.8.0.9, nobody\r\n"),
  };
  Attack header_and_lines =
      over_websocket("forged_line_and_forwarded_for", "X-Forwarded-For: 10.8.0.9\r\n");
  header_and_lines.steps.front().bytes.insert(0, line);
  all.push_back(std::move(header_and_lines));
  Attack slow = over_tcp("forged_line_byte_by_byte", "");
  slow.steps.clear();
  for (const char byte : line) slow.steps.push_back({std::string(1, byte), 1, 300ms});
  all.push_back(std::move(slow));
  return all;
}

}  // namespace

const std::vector<Attack>& forgeries() {
  static const std::vector<Attack> all = make_forgeries();
  return all;
}

}  // namespace prometheus_rsocket::sim::actor
