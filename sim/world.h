// sim/: the seam (lib/runtime) on a virtual network and a virtual clock. This is the header for
// tests; a World holds hosts, their processes and the network between them.
//
// Everything in a world happens on the calling thread and is a function of its seed: no sockets, no
// threads, no clock of this machine. Time stands still while handlers run, and jumps to the next
// event when nothing is ready. A typical test:
//
//   sim::World world(seed);
//   sim::Process& proxy = world.add_process(sim::ip("10.0.0.1"), 2);
//   auto& server = proxy.emplace<Server>(proxy, config);    // dies with the process
//   ASSERT_TRUE(world.run_until([&] { return server.ready(); }));
//   world.kill(proxy);
//
// Objects that use a process' shards may also live outside it, in the test; they have to be
// destroyed before the world. After the process ended whatever they start is destroyed uncalled.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "sim/config.h"
#include "sim/happening.h"
#include "sim/log.h"
#include "sim/process.h"

namespace prometheus_rsocket::sim {

using Address = boost::asio::ip::address;

// `10.0.0.1` as an address. REQUIRES: a literal.
[[nodiscard]] Address ip(std::string_view literal);

class World {
 public:
  explicit World(std::uint64_t seed, Config config = {});
  ~World();  // destroys all processes, what they own, and handlers uncalled

  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] std::uint64_t seed() const;
  [[nodiscard]] base::Instant now() const;

  // --- Hosts and processes. A host comes into being with its first process.

  // Several processes may share a host: its ports are theirs together. The process lives as long
  // as the world, though what runs in it ends with stop(), kill() or lose_host().
  Process& add_process(const Address& host, std::size_t shard_count = 1);

  // Ends as by leaving main(): what it owns is destroyed in reverse order, its streams are closed
  // (FIN, or RST where something was unread), its handlers destroyed uncalled.
  void stop(Process& process);
  // Ends as by SIGKILL: its system closes its streams as with stop(), but nothing that its objects
  // would say while they are destroyed goes out.
  void kill(Process& process);
  // All processes of the host end, and no peer is told. What is sent to it is lost, until
  // add_process() brings it back: then it answers with RST.
  void lose_host(const Address& host);

  // --- Network

  // What the resolvers answer from now on; no addresses: host_not_found. Literals and localhost
  // need no entry.
  void set_name(const std::string& name, std::vector<Address> addresses);
  void set_link(const Address& from, const Address& to, Link link);  // one direction
  // Silently drops what is sent: connections stay, half-open, and are resumed by heal() if their
  // time (Config::user_timeout) has not run out by then.
  void cut(const Address& a, const Address& b);  // both directions
  void cut_one_way(const Address& from, const Address& to);
  void heal(const Address& a, const Address& b);

  // --- Running

  void run_until(base::Instant until);  // the clock stands at `until` afterwards
  void run_for(base::Duration duration);
  // Runs until the predicate holds; it is asked after every event. False if it still did not after
  // `limit`, or when nothing was left to do.
  [[nodiscard]] bool run_until(const std::function<bool()>& predicate,
                               base::Duration limit = std::chrono::hours(1));
  // Until nothing is left to do: no handler ready, no timer set, nothing on the wire. False if
  // there still was after `limit`.
  [[nodiscard]] bool run_until_idle(base::Duration limit = std::chrono::hours(1));
  [[nodiscard]] bool idle() const;

  // --- Observing

  // A hash over every event so far: its time, kind, place and size. The same seed and the same
  // calls give the same hash, whatever the compiler.
  [[nodiscard]] std::uint64_t trace_hash() const;
  // Adds something of the test's own to the hash: the bytes above a WebSocket, say. (Bytes on the
  // wire are not in it: masks and ciphertext would differ.)
  void trace(std::string_view what, std::span<const std::byte> bytes = {});
  [[nodiscard]] std::uint64_t events() const;                    // that have happened
  [[nodiscard]] std::uint64_t count(Happening happening) const;  // so many times
  [[nodiscard]] std::size_t open_connections() const;            // not closed by both sides

  [[nodiscard]] const std::vector<LogLine>& log() const;  // of all processes
  // `12.000345 10.0.0.1#0 INFO msg="listening" …` a line: for a test that failed.
  [[nodiscard]] std::string log_text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace prometheus_rsocket::sim
