// The PushStore without a disk: bounded by Config, gone with the process.
#pragma once

#include <array>
#include <map>
#include <set>
#include <utility>

#include "push/push_store.h"

namespace prometheus_rsocket::push {

class MemoryPushStore final : public PushStore {
 public:
  // `started_at` begins the grace in which nothing is released early.
  MemoryPushStore(Config config, base::Instant started_at);

  // Calls `done` before it returns.
  void put(ClientId client, std::shared_ptr<const exposition::Exposition> exposition,
           PutHandler done) override;
  void connection_ended(const ClientId& client) override;
  [[nodiscard]] Offer offer(const ScraperId& scraper, View view, base::Instant now) override;
  void complete(Receipt receipt, base::Instant now) override;
  void abandon(Receipt receipt) override;
  [[nodiscard]] std::optional<base::Instant> next_timeout() const override;
  void handle_timeout(base::Instant now) override;
  [[nodiscard]] Counters counters() const override { return counters_; }

 private:
  using Key = std::pair<ScraperId, View>;
  using SeenMask = std::uint32_t;  // bit i: the scraper in slot i has it

  struct Held {
    Push push;
    std::optional<base::Instant> first_shown_at;
    SeenMask seen_by = 0;
  };
  struct Scraper {
    Key key;
    base::Instant last_complete_at;
    bool regular = false;  // its last two complete scrapes were close together
    [[nodiscard]] bool delays(base::Instant now) const {
      return regular && now < last_complete_at + kRegularWindow;
    }
  };
  struct OpenReceipt {
    Key key;
    std::vector<Sequence> sequences;
  };

  [[nodiscard]] std::optional<std::size_t> slot_of(const Key& key) const;
  [[nodiscard]] std::optional<std::size_t> track(const Key& key, base::Instant now);
  [[nodiscard]] OpenReceipt close(Receipt receipt);
  void release(base::Instant now);

  const Config config_;
  const base::Instant grace_ends_at_;
  base::Instant released_at_;  // the last time release() ran
  std::uint64_t next_sequence_ = 1;
  std::uint64_t next_receipt_ = 1;
  Counters counters_;
  std::map<ClientId, Push> unended_;  // the connection is still open: not yet to be seen
  std::map<Sequence, Held> held_;
  std::set<std::pair<base::Instant, Sequence>> shown_;  // of held_, by first showing
  std::array<std::optional<Scraper>, kScrapersMax> scrapers_;
  std::map<Receipt, OpenReceipt> receipts_;
  std::map<Key, std::set<Sequence>> offered_;  // what open receipts hold, by scraper
};

}  // namespace prometheus_rsocket::push
