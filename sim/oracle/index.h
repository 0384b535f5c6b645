// A history as oracles look at it: lives, connections, pushes and scrapes in place of entries.
//
// Built once, then only read. Everything in it refers to itself and to the history, which outlives
// it. What cannot be in a history (a client that connects before it starts) is a bug of the run and
// CHECKed; what the product may do wrong never is.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "sim/history/history.h"
#include "sim/oracle/disturbance.h"

namespace prometheus_rsocket::sim::oracle {

using history::ClientKind;
using history::Incarnation;
using history::InstanceId;
using history::KeyId;
using history::Place;
using history::ProxyId;
using history::ScrapeId;
using history::ScraperId;
using history::View;

// A scrape joins a pull that began so much before it (design.md, promise 6).
inline constexpr base::Duration kPullSharing = std::chrono::milliseconds(100);

[[nodiscard]] Place place_of(const Incarnation& who);
[[nodiscard]] Place place_of(ProxyId proxy);
[[nodiscard]] Place place_of(ScraperId scraper);

struct Period {
  base::Instant began;
  base::Instant ended = kNever;
  [[nodiscard]] bool contains(base::Instant at) const { return began <= at && at <= ended; }
  [[nodiscard]] bool overlaps(base::Instant from, base::Instant to) const {
    return began <= to && from <= ended;
  }
};

// ---- Applications

// One connection of a client, as the client saw it.
struct Session : Period {
  enum class End : std::uint8_t { kOpen, kClosed, kLost };  // kLost: with the host, nobody told
  struct Given {
    base::Instant at;
    KeyId key;
  };
  std::uint64_t number = 0;  // history::Connected::connection
  End end = End::kOpen;
  base::Instant asked_to_leave = kNever;
  std::vector<Given> keys;
  // Where it leads: whose key came first, and when. Nothing: no key came.
  std::optional<ProxyId> proxy;
  base::Instant keyed = kNever;
};

struct Text {
  base::Instant at;
  std::uint32_t parts = 0;
};

struct Push {
  struct Stored {
    base::Instant at;
    ProxyId proxy;
  };
  struct Outcome {
    base::Instant at;
    bool ok = false;
  };
  std::uint64_t sequence = 0;
  history::PushKind kind{};
  base::Instant began;
  base::Duration time_max{};
  std::vector<Outcome> outcomes;  // one, if all is well
  std::vector<Stored> stored;

  [[nodiscard]] bool acknowledged() const {
    return kind == history::PushKind::kAcknowledged && !outcomes.empty() && outcomes.front().ok;
  }
};

struct Attempt {  // to connect, and what became of it, in the order of time
  enum class Kind : std::uint8_t {
    kBegan,
    kFailed,
    kConnected,
    kKeyed,
    kAsked,  // to leave
    kGone,   // the client ends it, since another serves
    kDisconnected,
  };
  base::Instant at;
  Kind kind{};
  std::uint64_t connection = 0;
};

struct KeyUse {
  base::Instant at;
  KeyId key;
};

// Of one incarnation.
struct Life : Period {
  Incarnation who;
  ClientKind kind{};
  InstanceId name;  // that it tells proxies, if it is ours: its own, unless it is an impostor
  std::optional<history::ClientEnd> end;
  bool was_leaving = false;  // it may have said goodbye before that
  std::vector<Session> sessions;
  std::vector<Attempt> attempts;
  std::vector<Period> hung;
  std::vector<Period> garbled;  // what it answers is malformed
  std::vector<Push> pushes;
  std::vector<KeyUse> keys_used;
  std::map<std::uint64_t, Text> texts;  // by sequence

  [[nodiscard]] bool ours() const { return kind == ClientKind::kOurs; }
  [[nodiscard]] bool hung_within(base::Instant from, base::Instant to) const;
  [[nodiscard]] bool garbled_within(base::Instant from, base::Instant to) const;
  [[nodiscard]] const Push* push(std::uint64_t sequence) const;
  // The latest that was open at that moment: of those that had a key, if any had.
  [[nodiscard]] const Session* session_at(base::Instant at) const;
};

// ---- Proxies

struct ProxyLife : Period {
  ProxyId proxy;
  base::Instant draining = kNever;
  std::optional<history::ProxyEnd> end;
  int exit_code = 0;
};

// ---- Scrapes

// The lines of one text on a page.
struct Shown {
  Incarnation who;
  std::uint64_t sequence = 0;
  std::int64_t time_us = 0;             // of the first line
  bool same_time = true;                // all lines have it
  std::map<std::uint32_t, int> keys{};  // how often each
  const Life* life = nullptr;           // nothing: no such incarnation
  const Text* text = nullptr;           // nothing: it wrote no such text
  const Push* push = nullptr;           // nothing: a live sample
  // Bytes of the push that it is, or may be, changed on their way: it proves nothing.
  bool doubtful = false;
};

struct Scrape : Period {
  ScrapeId id;
  ScraperId scraper;
  ProxyId proxy;
  base::Duration timeout{};
  bool slow = false;
  history::Page page;
  const history::ScrapeEnded* answer = nullptr;
  base::Instant confirmed = kNever;
  std::vector<Shown> shown;  // of a good one, by incarnation and sequence
  bool doubtful = false;     // bytes may have changed on the way to this page: it proves nothing
  bool may_hold_garbled_push = false;

  [[nodiscard]] View view() const { return page.view; }
  // Its answer came, whatever the status.
  [[nodiscard]] bool whole() const;
  // Whole, and answered 200.
  [[nodiscard]] bool good() const;
  // By its scraper, which meant to: it was not to get its page.
  [[nodiscard]] bool spoilt() const;
  [[nodiscard]] const Shown* shows_live(const Incarnation& who) const;
  [[nodiscard]] const Shown* shows(const Incarnation& who, std::uint64_t sequence) const;
};

class Index {
 public:
  explicit Index(const history::History& history);
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  [[nodiscard]] const history::Rules& rules() const { return history_.rules; }
  [[nodiscard]] const std::vector<history::Entry>& entries() const { return history_.entries; }
  [[nodiscard]] const Disturbances& disturbances() const { return disturbances_; }
  // When the run ended, and whether it came to its end.
  [[nodiscard]] base::Instant end() const { return end_; }
  // kNever: not healed.
  [[nodiscard]] base::Instant healed() const { return healed_; }

  [[nodiscard]] const std::map<Incarnation, Life>& lives() const { return lives_; }
  // Whether the disk of a proxy lost in [from, to] what it had promised to keep.
  [[nodiscard]] bool betrayed(ProxyId proxy, base::Instant from, base::Instant to) const;
  [[nodiscard]] const Life& life(const Incarnation& who) const;
  [[nodiscard]] const std::map<ProxyId, std::vector<ProxyLife>>& proxies() const {
    return proxies_;
  }
  // The life of that proxy at that moment; nothing when it did not live.
  [[nodiscard]] const ProxyLife* proxy_at(ProxyId proxy, base::Instant at) const;
  [[nodiscard]] std::optional<ProxyId> proxy_of(KeyId key) const;
  [[nodiscard]] const std::map<ScrapeId, Scrape>& scrapes() const { return scrapes_; }
  // Those of one proxy, of all views, by their beginning.
  [[nodiscard]] const std::vector<const Scrape*>& scrapes_of(ProxyId proxy) const;

  // ---- What several oracles ask

  // From a client to a proxy; the load balancer is taken to stand between.
  [[nodiscard]] std::array<Place, 3> path(const Incarnation& who, ProxyId proxy) const;
  [[nodiscard]] std::array<Place, 2> path(ScraperId scraper, ProxyId proxy) const;

  // Whether client and proxy both know of this connection and can talk over it, all the time from
  // `from` to `to`: it has a key, is open a round trip longer, and nothing has touched its path,
  // not even so long ago that a connection which died of it silently might not have been given up.
  [[nodiscard]] bool is_sound(const Life& life, const Session& session, base::Instant from,
                              base::Instant to) const;
  // Whether the client answers all that comes from `from` to `to`, and well: not hung, not garbled,
  // and not leaving.
  [[nodiscard]] bool answers(const Life& life, base::Instant from, base::Instant to) const;

  // When the proxy that a connection led to knows at the latest that it ended: a round trip later;
  // where nobody was told, at the end of its lifetime.
  [[nodiscard]] base::Instant end_known(const Life& life, const Session& session) const;

  // `12.345678`: seconds since the start.
  [[nodiscard]] std::string seconds(base::Instant at) const;

 private:
  friend class IndexReader;

  const history::History& history_;
  Disturbances disturbances_;
  base::Instant end_;
  base::Instant healed_ = kNever;
  std::map<ProxyId, std::vector<base::Instant>> betrayals_;  // by disks
  std::map<Incarnation, Life> lives_;
  std::map<ProxyId, std::vector<ProxyLife>> proxies_;
  std::map<KeyId, ProxyId> keys_;
  std::map<ScrapeId, Scrape> scrapes_;
  std::map<ProxyId, std::vector<const Scrape*>> scrapes_of_;
};

}  // namespace prometheus_rsocket::sim::oracle
