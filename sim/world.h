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
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "sim/config.h"
#include "sim/happening.h"
#include "sim/host.h"
#include "sim/log.h"
#include "sim/process.h"

namespace prometheus_rsocket::sim {

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

  // None of its handlers runs until resume(); its system goes on: it acknowledges, takes what fits
  // the window, and connections into the backlog. Timers that came due meanwhile fire then.
  // REQUIRES: it is alive.
  void pause(Process& process);
  void resume(Process& process);  // nothing, if it is not paused

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
  void heal_one_way(const Address& from, const Address& to);
  // As if it was cut from everybody.
  void isolate(const Address& host);
  void rejoin(const Address& host);
  // Everything between them takes `more` longer; 0: not any more.
  void slow(const Address& a, const Address& b, base::Duration more);

  // --- Faults of a host, of all who live there at any time. The last word counts: what was said
  // twice is taken back once. Traffic of a host with itself is not touched.

  // What it sends stays under way; unclog() lets it arrive, in order and nothing lost. The senders
  // hear nothing meanwhile, and give up in their time (Config::user_timeout).
  void clog(const Address& host);
  void unclog(const Address& host);
  // In each direction of each of its connections, at least kBandwidthMin; 0: no limit.
  void limit_bandwidth(const Address& host, std::uint64_t bytes_per_second);
  // Every read and write moves one byte.
  void set_one_byte(const Address& host, bool is_one_byte);
  void set_short_io(const Address& host, std::optional<ShortIo> io);  // nothing: Config's
  // So many of a hundred segments from there have one byte changed.
  void corrupt(const Address& host, std::uint32_t percent);
  // What becomes of those who dial there; what is established goes on.
  void set_dials(const Address& host, Dials dials);

  // Every connection with an end there is reset, as by a middlebox: both ends see connection_reset,
  // what is under way is lost, and of what was not read Config::reset_loses_unread_percent decides.
  void reset_connections(const Address& host);
  // Every end there vanishes without a word, as from a load balancer that drops what was idle. The
  // host's own streams fail with connection_aborted; what the peers send from then on is lost, or
  // answered by RST (Config::forgotten_answers_percent).
  void forget_connections(const Address& host);

  // Takes back all that was said from cut() to here, but for set_link(). Lost hosts stay lost.
  void mend_network();

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
  void count_happening(Happening happening);                     // one more: of a part of its own
  [[nodiscard]] std::size_t open_connections() const;            // not closed by both sides

  // Calls `arrived` whenever a connection arrives at somebody who listens, with the endpoints that
  // were dialled and dialled from, before it is accepted. It may look, but not touch the world.
  void on_connection(
      std::function<void(const runtime::Endpoint& to, const runtime::Endpoint& from)> arrived);

  [[nodiscard]] const std::vector<LogLine>& log() const;  // of all processes
  // `12.000345 10.0.0.1#0 INFO msg="listening" …` a line: for a test that failed.
  [[nodiscard]] std::string log_text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace prometheus_rsocket::sim
