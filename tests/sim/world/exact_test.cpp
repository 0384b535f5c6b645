// Whatever delays a byte stream, its bytes arrive in order and whole, or it ends in an error.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <tuple>
#include <vector>

#include "net.h"

namespace prometheus_rsocket::sim {
namespace {

constexpr std::uint32_t kDelayingFaults = 11;

void begin(World& world, std::uint32_t fault, std::uint32_t amount) {
  const Address& host = amount % 2 == 0 ? kClient : kServer;
  switch (fault % kDelayingFaults) {
    case 0:
      return world.clog(host);
    case 1:
      return world.set_one_byte(host, true);
    case 2:
      return world.limit_bandwidth(host, kBandwidthMin + amount * 100);
    case 3:
      return world.slow(kClient, kServer, std::chrono::milliseconds(amount));
    case 4:
      return world.cut(kClient, kServer);
    case 5:
      return world.cut_one_way(host, host == kClient ? kServer : kClient);
    case 6:
      return world.isolate(host);
    case 7:
      return world.set_short_io(host, ShortIo{amount % 101, amount % 100});
    case 8:
      return world.set_link(kClient, kServer, Link{1ms, 5ms, amount % 101, 2s});
    case 9:
      return world.unclog(host);
    case 10:
      return world.mend_network();
    default:
      return;
  }
}

struct Step {
  std::uint32_t fault;
  std::uint32_t amount;  // what it means depends on the fault
  std::uint32_t wait_ms;
};

std::vector<Step> steps() {
  const auto made = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
      rc::gen::tuple(rc::gen::inRange(0, static_cast<int>(kDelayingFaults)),
                     rc::gen::inRange(0, 1000), rc::gen::inRange(0, 5000)));
  std::vector<Step> found;
  for (const auto& [fault, amount, wait] : made) {
    found.push_back({static_cast<std::uint32_t>(fault), static_cast<std::uint32_t>(amount),
                     static_cast<std::uint32_t>(wait)});
  }
  return found;
}

bool is_prefix(const std::string& part, const std::string& whole) {
  return whole.compare(0, part.size(), part) == 0;
}

bool has_failed(const sim::peer::RawPeer& peer) {
  return peer.write_ended() || (peer.ended() && peer.ended() != error::eof);
}

// One direction, when all is over.
void judge(const sim::peer::RawPeer& from, const sim::peer::RawPeer& to, const std::string& text) {
  RC_ASSERT(is_prefix(to.received(), text));
  if (to.ended() == error::eof && !has_failed(to)) RC_ASSERT(to.received() == text);
  // Whoever still reads would hear of what was not acknowledged.
  if (!from.ended() && !has_failed(to)) RC_ASSERT(to.received() == text);
}

RC_GTEST_PROP(ByteStream, ArrivesExactOrEndsInAnError, ()) {
  const auto script = steps();
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const std::string forth = text_of(*rc::gen::inRange<std::size_t>(0, 60'000), 1);
  const std::string back = text_of(*rc::gen::inRange<std::size_t>(0, 60'000), 2);
  Config config;
  config.window_bytes = *rc::gen::element<std::size_t>(1, 100, 10'000, 131'072);
  if (config.window_bytes == 1) RC_PRE(forth.size() + back.size() < 10'000);
  Net net(config, seed);
  const auto [near, far] = net.connect();
  near.send(forth);
  near.send_fin();
  far.send(back);
  far.send_fin();
  for (const Step& step : script) {
    begin(net.world, step.fault, step.amount);
    net.world.run_for(std::chrono::milliseconds(step.wait_ms));
  }
  net.world.mend_network();
  net.world.run_for(2h);
  judge(near, far, forth);
  judge(far, near, back);
}

// The same with faults that end connections: then only what came is what was sent.
RC_GTEST_PROP(ByteStream, IsAPrefixOfWhatWasSentWhateverEndsIt, ()) {
  const auto script = steps();
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const std::string text = text_of(*rc::gen::inRange<std::size_t>(1, 60'000));
  Config config;
  config.reset_loses_unread_percent = 50;
  config.forgotten_answers_percent = 50;
  Net net(config, seed);
  const auto [near, far] = net.connect();
  near.send(text);
  for (const Step& step : script) {
    begin(net.world, step.fault, step.amount);
    net.world.run_for(std::chrono::milliseconds(step.wait_ms));
  }
  const Address& host = seed % 2 == 0 ? kClient : kServer;
  if (*rc::gen::arbitrary<bool>()) {
    net.world.reset_connections(host);
  } else {
    net.world.forget_connections(host);
  }
  net.world.run_for(1min);
  net.world.mend_network();
  net.world.run_for(1h);
  RC_ASSERT(is_prefix(far.received(), text));
}

}  // namespace
}  // namespace prometheus_rsocket::sim
