// What happened in a simulated run, as the oracles see it: plain values in the order of time.
//
// Actors (sim/actor) and the runner (sim/run) write it, oracles (sim/oracle) read it, and nothing
// else is known to an oracle: so each is tested on histories written by hand.
#pragma once

#include <compare>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/strong_id.h"
#include "base/time.h"

namespace prometheus_rsocket::sim::history {

// Numbers of the scenario, each counted from 0.
using InstanceId = base::StrongId<struct InstanceIdTag, std::uint32_t>;
using ProxyId = base::StrongId<struct ProxyIdTag, std::uint32_t>;
using ScraperId = base::StrongId<struct ScraperIdTag, std::uint32_t>;
// Of the whole run, so that one scrape is told from another.
using ScrapeId = base::StrongId<struct ScrapeIdTag, std::uint64_t>;
// A key pair: the number that the simulator's stand-in carries, a hash of a real one.
using KeyId = base::StrongId<struct KeyIdTag, std::uint64_t>;
// The ID that a proxy gives a client: its hash.
using TargetId = base::StrongId<struct TargetIdTag, std::uint64_t>;
using FaultId = base::StrongId<struct FaultIdTag, std::uint64_t>;

// One life of an application's process: the number rises with every restart under its name.
struct Incarnation {
  InstanceId instance;
  std::uint32_t number = 0;
  friend auto operator<=>(const Incarnation&, const Incarnation&) = default;
};
std::ostream& operator<<(std::ostream& out, const Incarnation& who);

// A host, by who lives on it.
struct Place {
  enum class Kind : std::uint8_t { kClient, kProxy, kScraper, kLoadBalancer, kHostile };
  Kind kind{};
  std::uint32_t number = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};
std::ostream& operator<<(std::ostream& out, const Place& place);

// ---- Applications

enum class ClientKind : std::uint8_t { kOurs, kJava113, kJava114, kJava115 };

struct ClientStarted {
  Incarnation who;
  ClientKind kind{};
};
// Of ours, before its first dial: it tells proxies another's name, and an incarnation that nobody
// else has. Whoever notes none tells its own.
struct NameClaimed {
  Incarnation who;
  InstanceId name;
};
enum class ClientEnd : std::uint8_t {
  kLeft,    // closed, pushed, or out of retries: by itself, and it dials no more
  kKilled,  // its system closed what it had open
  kLost,    // with its host: nobody was told
};
struct ClientEnded {  // once for each ClientStarted, unless it lives at the end of the run
  Incarnation who;
  ClientEnd how{};
  bool was_leaving = false;  // it had been told to close, and may have said goodbye
};
struct DialBegan {
  Incarnation who;
};
struct DialFailed {
  Incarnation who;
};
// `connection` counts from 1 within an incarnation of ours, which may have several at once. Java
// models have 0: the next one ends the one before.
struct Connected {  // the transport's handshake is done, SETUP is on its way
  Incarnation who;
  std::uint64_t connection = 0;
};
struct Disconnected {  // it saw the end of its connection
  Incarnation who;
  std::uint64_t connection = 0;
};
struct AskedToLeave {  // the proxy is about to end; the connection stays until it is another's turn
  Incarnation who;
  std::uint64_t connection = 0;
};
struct GoneElsewhere {  // it ends that connection, since another serves
  Incarnation who;
  std::uint64_t connection = 0;
};
struct KeyGiven {  // a key came on that connection; also when it is the same again
  Incarnation who;
  KeyId key;
  std::uint64_t connection = 0;
};
struct KeyUsed {  // a payload was sealed for it
  Incarnation who;
  KeyId key;
};
// A text was made, for a scrape or a push. Its samples are lines of payload.h with this sequence,
// and the time of this entry as their value.
struct Sampled {
  Incarnation who;
  std::uint64_t sequence = 0;  // rises within an incarnation
  std::uint32_t parts = 0;     // lines of `sim_sample`, with keys 0 … parts-1
};
// It holds its answers back (to scrapes that come from now on too) until it is Recovered.
struct Hung {
  Incarnation who;
};
struct Recovered {
  Incarnation who;
};
// What it is asked for it answers with something malformed, which is not Sampled, until Mended.
struct Garbled {
  Incarnation who;
};
struct Mended {
  Incarnation who;
};
enum class PushKind : std::uint8_t { kFireAndForget, kAcknowledged };
struct PushBegan {
  Incarnation who;
  std::uint64_t sequence = 0;  // of the text that is pushed
  PushKind kind{};
  base::Duration time_max{};
};
struct PushEnded {  // once for each PushBegan, unless the process ended before
  Incarnation who;
  std::uint64_t sequence = 0;
  bool ok = false;  // acknowledged by the proxy; fire-and-forget: flushed
};

// ---- Proxies

struct ProxyStarted {
  ProxyId proxy;
};
struct ProxyDraining {  // SIGTERM
  ProxyId proxy;
};
enum class ProxyEnd : std::uint8_t { kExited, kKilled, kLost };
struct ProxyEnded {
  ProxyId proxy;
  ProxyEnd how{};
  int exit_code = 0;  // when it exited
};
struct ProxyKeyMade {
  ProxyId proxy;
  KeyId key;
};
struct Accepted {  // a connection of an application arrived, directly or through the load balancer
  ProxyId proxy;
};
// Its disk has broken its word, by what it lost with the power or by a byte that changed: of what
// was stored before, anything may be gone.
struct DiskBetrayed {
  ProxyId proxy;
};
struct PushStored {  // durably, as far as this store goes
  ProxyId proxy;
  Incarnation who;
  std::uint64_t sequence = 0;
};
// What the proxy says of itself on /metrics/proxy, read while nothing else went on; sample to value
// as written.
struct MetricsRead {
  ProxyId proxy;
  std::map<std::string, double> values;
};
// What a process has of its system and its heap, at one moment.
struct Resources {
  Place place;
  std::uint64_t handles = 0;      // streams, listeners and timers
  std::uint64_t connections = 0;  // streams alone
  std::uint64_t heap_bytes = 0;   // of the whole world, by the simulator's allocator; 0: unknown
};

// ---- Scrapers

enum class View : std::uint8_t {
  kConnected,  // /metrics/connected
  kPushes,     // /metrics/pushes
  kClient,     // /metrics/clients/ID
};
// What is asked for. Of a client's own page: who has that ID, as the proxy's list told; by its
// name, or else by who has the address that was told.
struct Page {
  View view = View::kConnected;
  std::optional<InstanceId> name = {};
  std::optional<Place> at = {};
  friend bool operator==(const Page&, const Page&) = default;
};
std::ostream& operator<<(std::ostream& out, const Page& page);
struct ScrapeBegan {
  ScrapeId scrape;
  ScraperId scraper;
  ProxyId proxy;
  base::Duration timeout{};  // as the header says
  bool slow = false;         // it reads the page slowly, on purpose
  Page page = {};
};
// A sample line of `sim_sample` as the scraper's own parser read it.
struct ShownSample {
  Incarnation who;
  std::uint32_t key = 0;
  std::uint64_t sequence = 0;
  std::int64_t time_us = 0;  // since the beginning of the world
  friend auto operator<=>(const ShownSample&, const ShownSample&) = default;
};
enum class ScrapeResult : std::uint8_t {
  kWhole,     // the head and a whole body
  kRefused,   // no connection
  kBroken,    // it ended in the middle
  kTimedOut,  // the scraper's own timeout
  kAborted,   // by the scraper, on purpose
};
struct ScrapeEnded {
  ScrapeId scrape;
  ScraperId scraper;
  ProxyId proxy;
  ScrapeResult result{};
  int status = 0;                    // of HTTP, when there was a head
  std::vector<ShownSample> samples;  // of a whole page
  std::string trouble;  // what the scraper's parser found wrong with it; empty: nothing
};
// Another request or the FIN followed on the same connection: what the proxy takes for complete.
struct ScrapeConfirmed {
  ScrapeId scrape;
};
// A client on one of a proxy's lists.
struct Listed {
  TargetId id;
  std::optional<InstanceId> name = {};  // what it says of itself; nothing: no name
  std::optional<Place> at = {};         // who has the address that is told; nothing: nobody
  bool is_websocket = false;
  bool shares_name = false;  // as /api/v1/clients says
  friend bool operator==(const Listed&, const Listed&) = default;
};
enum class List : std::uint8_t {
  kTargets,  // /sd
  kTable,    // /api/v1/clients
};
struct ListRead {  // a whole answer came
  ScraperId scraper;
  ProxyId proxy;
  List list{};
  base::Instant asked;
  int status = 0;
  std::vector<Listed> clients;  // in the order of the list
  bool has_pushes = false;      // /sd: /metrics/pushes is a target too
  std::string trouble;          // what the reader found wrong with it; empty: nothing
};

// ---- The world

// A hostile peer dials where applications do; its connections are Accepted as theirs are.
struct HostileDialled {};

// Something was broken on purpose, from here to FaultEnded: these places may be slow, unreachable
// or silent in between. Ended processes are not repeated here.
//
// How little of it oracles have to excuse: the default excuses the most.
enum class FaultEffect : std::uint8_t {
  kAny,
  kTraffic,  // at these places: late, lost or refused; no byte changed, no process stopped
  kBetween,  // the same, and only of what passes from one of these places to another of them
  kPause,    // the processes there stand still
  kCorrupt,  // bytes that pass there change
  kDisk,     // the disk of a proxy there is slow, or refuses; traffic is as it was
};
struct FaultBegan {
  FaultId fault;
  std::string what;
  std::vector<Place> places;  // whose traffic or process it touches
  FaultEffect effect = FaultEffect::kAny;
};
struct FaultEnded {
  FaultId fault;
};
// From here on nothing is broken any more, and nothing new happens: liveness is judged from this
// moment. Who is `broken` may stay so.
struct Healed {
  std::vector<Place> broken;
};
struct Ended {  // of the run, last
  std::uint64_t events = 0;
  double idle_events_per_second = 0;  // of the last quiet stretch, in virtual time; 0: not measured
};

using What =
    std::variant<ClientStarted, NameClaimed, ClientEnded, DialBegan, DialFailed, Connected,
                 Disconnected, AskedToLeave, GoneElsewhere, KeyGiven, KeyUsed, Sampled, Hung,
                 Recovered, Garbled, Mended, PushBegan, PushEnded, ProxyStarted, ProxyDraining,
                 ProxyEnded, ProxyKeyMade, Accepted, PushStored, DiskBetrayed, MetricsRead,
                 Resources, ScrapeBegan, ScrapeEnded, ScrapeConfirmed, ListRead, HostileDialled,
                 FaultBegan, FaultEnded, Healed, Ended>;

struct Entry {
  base::Instant at;
  What what;
};
// One line, without the time: `connected client 3.1`.
std::ostream& operator<<(std::ostream& out, const What& what);

// What the run was set to, as far as oracles need it.
struct Rules {
  base::Instant start;
  base::Duration scrape_interval{};
  base::Duration redial_spread{};
  base::Duration first_backoff{};
  base::Duration max_backoff{};
  std::uint32_t jitter_percent = 50;
  base::Duration stable_time{};
  base::Duration lifetime{};        // as every client declares it, clamped
  base::Duration round_trip_max{};  // between any two healthy places, load balancer included
  base::Duration shutdown_grace{};
  base::Duration connection_age{};  // 0: off
  base::Duration departed_grace{};  // --sd.grace
  base::Duration answer_max{};      // from a proxy to a healthy client and back, once all is set up
  // Whose addresses the load balancer tells proxies, by the transport; of others it is its own.
  bool tells_addresses_of_tcp = false;
  bool tells_addresses_of_websocket = false;
  bool has_load_balancer = false;
  // A process that leaves may end with its goodbye half written.
  bool goodbyes_may_be_cut = false;
  std::uint64_t heap_bytes_max = 0;       // over the base line; 0: not judged
  double idle_events_per_second_max = 0;  // of each proxy that lives; 0: not judged
  bool durable_pushes = false;            // a proxy's store outlives its process and its host
};

struct History {
  Rules rules;
  std::vector<Entry> entries;
};

}  // namespace prometheus_rsocket::sim::history
