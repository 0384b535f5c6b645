// Hosts that talk to each other in a simulated world: what the tests of its core start from.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/error.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/draw.h"
#include "sim/peer/raw_peer.h"
#include "sim/world.h"

namespace prometheus_rsocket::sim {

using namespace std::chrono_literals;
namespace error = boost::asio::error;

inline const Address kClient = ip("10.0.0.1");
inline const Address kServer = ip("10.0.0.2");
inline const Address kOther = ip("10.0.0.3");
inline constexpr base::Duration kLatency = 1ms;

// Every segment takes kLatency, and nothing is short.
inline Config calm() {
  Config config;
  config.link = {kLatency, 0ns, 0, {}};
  config.short_read_percent = 0;
  config.short_write_percent = 0;
  return config;
}

// Accepts whoever comes, and keeps what they send.
class Acceptor {
 public:
  Acceptor(runtime::Shard& shard, const runtime::Endpoint& at) : shard_(shard) {
    auto listener = shard.network.listen(at);
    EXPECT_TRUE(listener.has_value());
    listener_ = std::move(*listener);
    accept();
  }

  std::vector<std::unique_ptr<sim::peer::RawPeer>> peers;
  std::vector<runtime::error_code> errors;
  void accept() {
    listener_->async_accept(
        shard_.executor,
        boost::asio::bind_executor(
            shard_.executor,
            [this](runtime::error_code error, std::unique_ptr<runtime::Stream> stream) {
              if (error) return errors.push_back(error);
              peers.push_back(std::make_unique<sim::peer::RawPeer>(shard_, std::move(stream)));
              accept();
            }));
  }

 private:
  runtime::Shard& shard_;
  std::unique_ptr<runtime::Listener> listener_;
};

// A client and a server, each a process on a host of its own.
struct Net {
  explicit Net(Config config = calm(), std::uint64_t seed = 1)
      : world(seed, config),
        client(world.add_process(kClient)),
        server(world.add_process(kServer)),
        acceptor(server.emplace<Acceptor>(server.shard(0), kAt)) {}

  // Two ends of one connection; nothing of its handshake is under way any more.
  struct Pair {
    sim::peer::RawPeer& near;
    sim::peer::RawPeer& far;
  };
  Pair connect() { return connect(client); }
  Pair connect(Process& from) {
    const std::size_t before = acceptor.peers.size();
    sim::peer::RawPeer& near = dial(from);
    EXPECT_TRUE(world.run_until([&] { return acceptor.peers.size() > before; }));
    world.run_for(100ms);
    return {near, *acceptor.peers.back()};
  }
  sim::peer::RawPeer& dial() { return dial(client); }
  sim::peer::RawPeer& dial(Process& from) {
    return from.emplace<sim::peer::RawPeer>(from.shard(0), kAt);
  }

  // How long it takes until so many bytes in all have arrived.
  base::Duration time_to(const sim::peer::RawPeer& peer, std::size_t bytes) {
    const base::Instant start = world.now();
    EXPECT_TRUE(world.run_until([&] { return peer.received().size() >= bytes; }))
        << peer.received().size() << " of " << bytes;
    return world.now() - start;
  }
  [[nodiscard]] bool ends(const sim::peer::RawPeer& peer, runtime::error_code error,
                          base::Duration limit = 1h) {
    return world.run_until([&] { return static_cast<bool>(peer.ended()); }, limit) &&
           peer.ended() == error;
  }

  static inline const runtime::Endpoint kAt{kServer, 7001};
  World world;
  Process& client;
  Process& server;
  Acceptor& acceptor;
};

// So many bytes, no two neighbours alike.
inline std::string text_of(std::size_t bytes, std::uint64_t seed = 1) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(mix(seed, i));
  return text;
}

// What arrived at `peer` while the world ran on: `<nanoseconds> <bytes in all>` for each read.
inline std::vector<std::string> trace(World& world, const sim::peer::RawPeer& peer,
                                      base::Duration duration) {
  std::vector<std::string> seen;
  const base::Instant start = world.now();
  std::size_t bytes = peer.received().size();
  const auto look = [&] {
    if (peer.received().size() == bytes) return false;
    bytes = peer.received().size();
    seen.push_back(std::to_string((world.now() - start).count()) + " " + std::to_string(bytes));
    return false;
  };
  EXPECT_FALSE(world.run_until(look, duration));
  return seen;
}

}  // namespace prometheus_rsocket::sim
