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
// Threads: one thread calls, and callbacks run on it. `now` never goes back between calls.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/strong_id.h"
#include "base/time.h"
#include "exposition/exposition.h"
#include "push/limits.h"

namespace prometheus_rsocket::push {

// The connection that pushed. REQUIRES: no two connections open at one time share one.
using ClientId = base::StrongId<struct ClientIdTag, std::string>;
// A scraper's name; opaque here, validated and bounded by the HTTP side.
using ScraperId = base::StrongId<struct ScraperIdTag, std::string>;
// Grows with each push acknowledged: of two equal series, the greater sequence is the newer.
using Sequence = base::StrongId<struct SequenceTag, std::uint64_t>;
using Receipt = base::StrongId<struct ReceiptTag, std::uint64_t>;

enum class View { kConnected, kPushes };  // /metrics/connected, /metrics/pushes

enum class PushError { kFull = 1 };  // the store's count or bytes are used up: ERROR 0x202
[[nodiscard]] boost::system::error_code make_error_code(PushError error);

struct Config {
  std::size_t pushes_max = kPushesMax;
  std::uint64_t bytes_max = kPushBytesMax;  // of memory: Exposition::bytes(), text and index
  base::Duration ttl = kPushTtl;
};

struct Push {
  ClientId client;
  Sequence sequence;
  // Shared with the store, so that a response being written outlives a release. Its index is made
  // once, when the push comes, and not for each page it is on.
  std::shared_ptr<const exposition::Exposition> exposition;
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
  friend bool operator==(const Counters&, const Counters&) = default;
};

class PushStore {
 public:
  // Without an error: durably stored, to be acknowledged.
  using PutHandler = std::function<void(boost::system::error_code)>;

  virtual ~PushStore() = default;

  // Stores what it was given; `done` is called exactly once, perhaps before put() returns. A second
  // put on the same connection replaces the first; if it is refused the first stays. A
  // connection_ended() called while a put is under way takes effect after it.
  virtual void put(ClientId client, std::shared_ptr<const exposition::Exposition> exposition,
                   PutHandler done) = 0;

  // The client's connection is gone: its push, if any, can be seen from here on. A later put under
  // the same name is another connection's, and another push.
  virtual void connection_ended(const ClientId& client) = 0;

  [[nodiscard]] virtual Offer offer(const ScraperId& scraper, View view, base::Instant now) = 0;

  // REQUIRES of both: the receipt is open. An empty offer's receipt counts as a scrape too.
  virtual void complete(Receipt receipt, base::Instant now) = 0;
  virtual void abandon(Receipt receipt) = 0;

  // When handle_timeout() has something to do next, or nothing. Changes with complete().
  [[nodiscard]] virtual std::optional<base::Instant> next_timeout() const = 0;
  virtual void handle_timeout(base::Instant now) = 0;

  [[nodiscard]] virtual Counters counters() const = 0;
};

}  // namespace prometheus_rsocket::push

template <>
struct boost::system::is_error_code_enum<prometheus_rsocket::push::PushError> : std::true_type {};
