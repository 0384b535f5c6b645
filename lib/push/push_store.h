// What outlives a client: the metrics it pushed as it ended, held until they have been scraped.
//
// A push is stored with put(), can be seen from connection_ended() on, and is then in at least one
// complete response to each scraper, and in one only, while it is held (design.md, promise 5):
//
//   offer(scraper, view, now)  what this scraper has not yet been shown, and a receipt for it
//   complete(receipt, now)     that response arrived whole: these pushes are shown
//   abandon(receipt)           it did not (reset, timeout, HEAD): they are offered again
//
// Overlapping scrapes: a push under an open receipt of a scraper is not offered to that scraper
// again until the receipt is completed or abandoned. So none is shown twice, and none is lost: an
// abandoned one is in the next offer. Each receipt must therefore be closed, exactly once.
//
// A scraper is a name on one view: the same name on both views counts as two. It is tracked from
// its first complete scrape. At most kScrapersMax are; the one longest silent among those that
// delay nothing makes room (and would be shown held pushes anew). When all of them delay, a further
// one is not tracked: it is shown everything held, each time, since nothing can be kept about it.
//
// Release, once a push has been shown completely at least once:
//   - early, when every scraper that delays has it, but never in kStartGrace after the start;
//   - at the latest, Config::ttl after its first showing. That is not early: the grace does not
//     hold it up. A push never shown is never dropped, however old.
// A scraper delays from the second of two complete scrapes at most kRegularWindow apart, until it
// has gone away: kRegularWindow after its last complete scrape.
//
// With a journal (journal.h) all of this outlives the process: a push is acknowledged when it is on
// disk, and the next process goes on with restore(). There the times begin anew: a push that has
// been shown has its whole ttl again, a scraper its window. What was shown in the last moments may
// be shown once more. Without a journal everything is gone with the process.
//
// Threads: one thread calls, and callbacks run on it. `now` never goes back between calls.
#pragma once

#include <array>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/strong_id.h"
#include "base/time.h"
#include "push/journal.h"
#include "push/limits.h"
#include "push/push.h"

namespace prometheus_rsocket::push {

using Receipt = base::StrongId<struct ReceiptTag, std::uint64_t>;

struct Config {
  std::size_t pushes_max = kPushesMax;
  std::uint64_t bytes_max = kPushBytesMax;  // of memory: Exposition::bytes(), text and index
  base::Duration ttl = kPushTtl;
};

struct Offer {
  Receipt receipt;
  std::vector<Push> pushes;  // oldest first
};

struct Counters {
  std::size_t held = 0;     // now, those whose connection is still open included
  std::uint64_t bytes = 0;  // of their text and index, now
  std::uint64_t acknowledged = 0;
  std::uint64_t expired = 0;   // went at their ttl
  std::uint64_t released = 0;  // went early, all who delay having them
  bool is_writable = true;     // the last that was written is in the journal; or there is none
  friend bool operator==(const Counters&, const Counters&) = default;
};

class PushStore {
 public:
  static constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

  // Without an error: durably stored, to be acknowledged.
  using PutHandler = std::function<void(boost::system::error_code)>;

  // `started_at` begins the grace in which nothing is released early.
  PushStore(Config config, base::Instant started_at);

  // Goes on with what an earlier process left; from here on everything is written down. What is
  // above the bounds of Config stays: it was acknowledged. REQUIRES: this store is empty and has
  // answered nobody.
  void restore(Contents contents, std::unique_ptr<Journal> journal);
  [[nodiscard]] bool is_durable() const { return journal_ != nullptr; }

  // Stores what it was given; `done` is called exactly once, perhaps before put() returns. A second
  // put on the same connection replaces the first, and one that has not begun to be written has the
  // answer of the one that replaced it; if that is refused what was stored before stays. A
  // connection_ended() called while a put is under way takes effect after it.
  void put(const ClientId& client, std::shared_ptr<const exposition::Exposition> exposition,
           PutHandler done);

  // The client's connection is gone: its push, if any, can be seen from here on. A later put under
  // the same name is another connection's, and another push.
  void connection_ended(const ClientId& client);

  // The oldest, of at most so many Exposition::page_bytes(), or one; the next offer has the rest.
  [[nodiscard]] Offer offer(const ScraperId& scraper, View view, base::Instant now,
                            std::uint64_t bytes_max = kUnlimited);

  // REQUIRES of both: the receipt is open. An empty offer's receipt counts as a scrape too.
  void complete(Receipt receipt, base::Instant now);
  void abandon(Receipt receipt);

  // When handle_timeout() has something to do next, or nothing. Changes with complete().
  [[nodiscard]] std::optional<base::Instant> next_timeout() const;
  void handle_timeout(base::Instant now);

  // Calls back when all that has happened so far is on disk, or cannot be; at once without one.
  void flush(std::function<void()> done);

  [[nodiscard]] Counters counters() const;

 private:
  // A push, and whom to tell what became of it: also those whose own it replaced before it was
  // written.
  struct Put {
    Push push;
    std::vector<PutHandler> done;
  };
  // One that has pushed, until its push can be seen. However many it sends at once, of those that
  // are not being written the last one counts.
  struct Connection {
    std::optional<Push> stored;
    std::optional<Put> writing;
    std::optional<Put> waiting;  // for that
    bool ended = false;
    [[nodiscard]] bool is_empty() const { return !stored && !writing; }
  };
  struct Held {
    Push push;
    std::optional<base::Instant> first_shown_at;
    SeenMask seen_by = 0;
  };
  struct Scraper {
    ScraperKey key;
    base::Instant last_complete_at;
    bool regular = false;  // its last two complete scrapes were close together
    [[nodiscard]] bool delays(base::Instant now) const {
      return regular && now < last_complete_at + kRegularWindow;
    }
  };
  struct OpenReceipt {
    ScraperKey key;
    std::vector<Sequence> sequences;
  };
  // Memory that pushes take: `count` of them.
  struct Room {
    std::size_t count = 0;
    std::uint64_t bytes = 0;
  };

  [[nodiscard]] bool has_room_for(const exposition::Exposition& added,
                                  const Connection& connection) const;
  void write(std::uint64_t connection, Put put);
  void written(std::uint64_t connection, boost::system::error_code error);
  void add(const Push& push);
  void remove(const Push& push);
  void show(std::uint64_t connection);
  [[nodiscard]] Contents everything() const;
  void note(Change change);
  [[nodiscard]] std::optional<std::size_t> slot_of(const ScraperKey& key) const;
  [[nodiscard]] std::optional<std::size_t> track(const ScraperKey& key, base::Instant now);
  void vacate(std::size_t slot);
  [[nodiscard]] OpenReceipt close(Receipt receipt);
  void release(base::Instant now);

  const Config config_;
  const base::Instant grace_ends_at_;
  base::Instant released_at_;  // the last time release() ran
  std::uint64_t next_sequence_ = 1;
  std::uint64_t next_receipt_ = 1;
  std::uint64_t next_connection_ = 1;
  Counters counters_;
  Room under_way_;                          // of puts that are not answered
  std::map<ClientId, std::uint64_t> open_;  // connections that have pushed, by number
  std::map<std::uint64_t, Connection> connections_;
  std::map<Sequence, Held> held_;
  std::set<std::pair<base::Instant, Sequence>> shown_;  // of held_, by first showing
  std::array<std::optional<Scraper>, kScrapersMax> scrapers_;
  std::map<Receipt, OpenReceipt> receipts_;
  std::map<ScraperKey, std::set<Sequence>> offered_;  // what open receipts hold, by scraper
  std::unique_ptr<Journal> journal_;  // null: none. The last member: it may call the others back
};

}  // namespace prometheus_rsocket::push
