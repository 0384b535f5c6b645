// Journals for simulated proxies: one that takes its time, and one that tells what is stored.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string_view>

#include "push/journal.h"
#include "runtime/runtime.h"
#include "sim/draw.h"

namespace prometheus_rsocket::sim::actor {

// Keeps nothing beyond the process, and takes its time to say that it has, as one with a disk does:
// up to `delay_max` for each push, in their order.
class DelayingJournal final : public push::Journal {
 public:
  DelayingJournal(runtime::Shard& shard, base::Duration delay_max, Draws draws)
      : shard_(shard), delay_max_(delay_max), draws_(draws) {}

  void attach(Everything /*everything*/) override {}
  void append(push::Change change, Done done) override;
  [[nodiscard]] bool is_writable() const override { return true; }
  void flush(std::function<void()> done) override { done(); }

 private:
  runtime::Shard& shard_;
  base::Duration delay_max_;
  Draws draws_;
  base::Instant last_;  // when the last one is written
  std::uint64_t puts_ = 0;
  std::map<std::uint64_t, std::unique_ptr<runtime::Timer>> under_way_;
};

// In front of another: calls `stored` with the text of each push that is, before anybody is told.
class TellingJournal final : public push::Journal {
 public:
  using Stored = std::function<void(std::string_view text)>;

  TellingJournal(std::unique_ptr<push::Journal> journal, Stored stored)
      : journal_(std::move(journal)), stored_(std::move(stored)) {}

  void attach(Everything everything) override { journal_->attach(std::move(everything)); }
  void append(push::Change change, Done done) override;
  [[nodiscard]] bool is_writable() const override { return journal_->is_writable(); }
  void flush(std::function<void()> done) override { journal_->flush(std::move(done)); }

 private:
  std::unique_ptr<push::Journal> journal_;
  Stored stored_;
};

}  // namespace prometheus_rsocket::sim::actor
