// A journal that writes to a Database on a worker, what has come meanwhile being the next
// transaction: a thousand pushes at once take a few of the disk's turns, not a thousand.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "push/database.h"
#include "push/journal.h"
#include "push/limits.h"
#include "runtime/alarm.h"
#include "runtime/runtime.h"
#include "runtime/worker.h"

namespace prometheus_rsocket::push {

// After a failure the pushes of that transaction are refused, which is logged. What else was to be
// written is forgotten: the next transaction, which comes after a while by itself, states anew what
// is held and who has seen it, however much that has changed meanwhile. A file that turns out to be
// damaged is replaced by one of everything that is held and was to be written, at once; if that
// cannot be, pushes are refused, and it is tried again with one that comes, once a second, and
// after a while by itself.
//
// Lives on `shard`. Everything that is referred to outlives it; one that is destroyed with a
// transaction under way hears of it no more. REQUIRES: then the shard's loop does not run any more.
class DatabaseJournal final : public Journal {
 public:
  // Of an `opened` that has a database. Its contents are the store's to restore.
  DatabaseJournal(Database::Opened& opened, runtime::Worker& worker, runtime::Shard& shard);
  ~DatabaseJournal() override;

  void attach(Everything everything) override;
  void append(Change change, Done done) override;
  [[nodiscard]] bool is_writable() const override { return state_ == State::kKept; }
  void flush(std::function<void()> done) override;

 private:
  struct Entry {
    Change change;
    Done done;
  };
  // What the file has.
  enum class State {
    kKept,    // all that was written
    kBehind,  // less than that: to be restated
    kLost,    // nothing to go on with: to be replaced
  };
  // Shared with the worker, which may be at it when the journal is gone.
  struct Transaction {
    State before = State::kKept;
    std::vector<Change> changes;
    std::optional<DiskFailure> failure;
    std::string set_aside;  // the name of what was replaced
  };

  struct Flush {
    int tries = 0;  // to write, after which what is left is given up
    std::function<void()> done;
  };

  void write();
  // Whether there is something to write, new or left over.
  [[nodiscard]] bool has_more() const { return state_ != State::kKept || !queue_.empty(); }
  void written(const Transaction& transaction);
  void forget_notes();
  void log(const Transaction& transaction);

  const std::shared_ptr<Database> database_;
  runtime::Worker& worker_;
  runtime::Shard& shard_;
  Everything everything_;
  std::vector<Entry> queue_;
  std::vector<Entry> under_way_;
  bool is_writing_ = false;
  State state_;
  boost::system::error_code refusal_ = PushError::kDiskFailed;  // the last
  base::Instant replace_again_at_{};                            // not before that
  bool is_refusing_ = false;                                    // and it was said
  base::Duration retry_after_ = kJournalRetryMin;
  runtime::Alarm retry_alarm_;
  std::vector<Flush> flushes_;
};

}  // namespace prometheus_rsocket::push
