// Asks all clients for their metrics, once for scrapes that come close together, and hands each
// scrape what has come by its deadline.
//
// Lives on shard 0. Sends to the shards through functions, so that it is tested alone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/runtime.h"
#include "server/log_limit.h"
#include "server/reply.h"

namespace prometheus_rsocket::server {

class PullService {
 public:
  struct Pulled {
    PullId pull;
    std::vector<Reply> replies;  // of everyone who had something, longest-connected first
    bool was_hurried = false;
  };
  using Done = std::function<void(Pulled)>;

  // Somebody who waits for one.
  struct Wait {
    PullId pull{};
    std::uint64_t number = 0;
  };

  struct Shards {
    std::size_t count = 1;
    std::function<void(PullId)> ask;  // each shard answers with pull_asked(), then pull_replied()s
    std::function<void(PullId)> end;  // who has not replied is late
    std::function<void(PullId)> cancel;  // who has not replied is not asked any more
  };

  // `bytes_max` (--scrape.max-bytes): of text and index, what one pull keeps at most. Of those that
  // do not fit together the longest-connected are kept, as many in a row as fit, whatever the order
  // in which they reply: a newcomer takes nobody's place, and it is the same clients at each
  // scrape.
  PullService(runtime::Shard& shard, Shards shards, std::uint64_t bytes_max);
  ~PullService();

  // `done` is called once, later: when all are in; when all but those late before are in and a
  // grace has passed; at `deadline` at the latest. A pull that began just now is shared.
  Wait pull(base::Instant deadline, Done done);
  // Its deadline is now; who has not replied is not late for that. False, and nothing done, when
  // its `done` is called anyway.
  bool hurry(const Wait& wait);

  void pull_asked(PullId pull, std::size_t clients, std::size_t tardy);
  void pull_replied(PullId pull, Reply reply);
  // What it replied is on no page from now on (design.md, promise 4), also of a pull that is
  // shared.
  void client_ended(ConnectionId client);

  // What one more pull can be expected to keep, by the last one, and what those under way have not
  // brought yet: nothing where one is shared.
  [[nodiscard]] std::uint64_t bytes_expected() const;
  // The largest text with its index on the last one.
  [[nodiscard]] std::uint64_t largest_of_last() const { return largest_of_last_; }
  // Replies that were dropped for want of room, since the start.
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  struct Pull;
  struct Waiter;

  [[nodiscard]] bool may_join() const;
  void keep(Pull& pull, Reply reply);
  void finish_if_all_in(Pull& pull);
  enum class Rest { kLate, kNotAsked };  // what those are that have not replied
  void finish(Pull& pull, Rest rest = Rest::kLate);
  void answer(Pull& pull, Waiter waiter);
  void set_alarm(Pull& pull);
  void on_alarm(PullId id);

  runtime::Shard& shard_;
  Shards shards_;
  const std::uint64_t bytes_max_;
  std::uint64_t left_out_ = 0;
  std::uint64_t bytes_of_last_ = 0;
  std::uint64_t largest_of_last_ = 0;
  LogLimit log_limit_;
  std::uint64_t next_id_ = 1;
  std::uint64_t next_wait_ = 0;
  std::map<PullId, std::shared_ptr<Pull>> pulls_;  // by age; the last may be joined
};

}  // namespace prometheus_rsocket::server
