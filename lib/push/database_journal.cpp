#include "push/database_journal.h"

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <iterator>
#include <utility>

#include "base/probe.h"

namespace prometheus_rsocket::push {

DatabaseJournal::DatabaseJournal(Database::Opened& opened, runtime::Worker& worker,
                                 runtime::Shard& shard)
    : database_(std::move(opened.database)),
      worker_(worker),
      shard_(shard),
      state_(opened.is_lost ? State::kLost : State::kKept),
      retry_alarm_(shard, [this] { write(); }) {}

DatabaseJournal::~DatabaseJournal() = default;

void DatabaseJournal::attach(Everything everything) {
  everything_ = std::move(everything);
  if (has_more()) retry_alarm_.set(shard_.clock.now() + retry_after_);
}

void DatabaseJournal::append(Change change, Done done) {
  const bool is_of_everything = state_ != State::kKept && !is_writing_ && !done;
  if (is_of_everything) return;  // which is written next
  // A file of everything that is held is not begun for each that comes.
  if (state_ == State::kLost && !is_writing_ && shard_.clock.now() < replace_again_at_) {
    return done(refusal_);
  }
  queue_.push_back({std::move(change), std::move(done)});
  write();
}

void DatabaseJournal::flush(std::function<void()> done) {
  if (!is_writing_ && !has_more()) return done();
  flushes_.push_back({is_writing_ ? 2 : 1, std::move(done)});
  write();
}

void DatabaseJournal::write() {
  if (is_writing_) return;
  is_writing_ = true;
  retry_alarm_.clear();
  auto transaction = std::make_shared<Transaction>();
  transaction->before = state_;
  if (state_ == State::kBehind) transaction->changes = restatement_of(everything_());
  if (state_ == State::kLost) transaction->changes = changes_of(everything_());
  under_way_ = std::exchange(queue_, {});
  for (const Entry& entry : under_way_) transaction->changes.push_back(entry.change);
  if (under_way_.size() > 1) base::reached(base::Probe::kPushesCommittedTogether);
  worker_.async_run(
      [database = database_, transaction] {
        if (transaction->before != State::kLost) {
          transaction->failure = database->apply(transaction->changes);
          return;
        }
        transaction->failure = database->replace(transaction->changes);
        transaction->set_aside = database->set_aside();
      },
      boost::asio::bind_executor(shard_.executor, [this, transaction] { written(*transaction); }));
}

void DatabaseJournal::written(const Transaction& transaction) {
  log(transaction);
  const auto& failure = transaction.failure;
  const bool was_lost = transaction.before == State::kLost;
  const bool is_found_damaged = failure && failure->is_corrupt && !was_lost;
  state_ = !failure ? State::kKept : was_lost || is_found_damaged ? State::kLost : State::kBehind;
  is_writing_ = false;
  if (is_found_damaged || (failure && was_lost)) {  // what came meanwhile goes the same way
    std::ranges::move(queue_, std::back_inserter(under_way_));
    queue_.clear();
    if (is_found_damaged) std::swap(queue_, under_way_);  // into the new file
  }
  if (failure) forget_notes();
  if (failure) refusal_ = failure->error;
  if (failure && was_lost) replace_again_at_ = shard_.clock.now() + kJournalRetryMin;
  const bool has_come = !queue_.empty();
  // Who is called back may append.
  for (const Entry& entry : std::exchange(under_way_, {})) {
    if (entry.done) entry.done(failure ? failure->error : boost::system::error_code());
  }
  for (Flush& flush : flushes_) {
    if (!is_found_damaged) --flush.tries;  // else the next one is the same again
  }
  retry_after_ = failure ? std::min(2 * retry_after_, kJournalRetryMax) : kJournalRetryMin;
  const bool is_waited_for = !flushes_.empty() && flushes_.back().tries > 0;
  if (has_come || is_found_damaged || (is_waited_for && has_more())) write();
  if (!is_writing_ && has_more()) retry_alarm_.set(shard_.clock.now() + retry_after_);
  const bool is_all_written = !is_writing_ && !has_more();
  while (!flushes_.empty() && (is_all_written || flushes_.front().tries <= 0)) {
    const auto flushed = std::move(flushes_.front().done);
    flushes_.erase(flushes_.begin());
    flushed();
  }
}

// They are of everything, and go with it.
void DatabaseJournal::forget_notes() {
  std::erase_if(queue_, [](const Entry& entry) { return !entry.done; });
}

void DatabaseJournal::log(const Transaction& transaction) {
  runtime::Log& log = shard_.log;
  const auto& failure = transaction.failure;
  const bool was_lost = transaction.before == State::kLost;
  if (!failure) {
    const bool was_refusing = std::exchange(is_refusing_, false);
    if (was_lost) {
      log.error("the push store's damaged file is replaced by one of what is held",
                {{"file", transaction.set_aside}});
    } else if (was_refusing) {
      log.info("the push store can be written again");
    }
    return;
  }
  if (failure->is_corrupt && !was_lost) {
    return log.error("the push store's file is damaged", {{"reason", failure->details}});
  }
  base::reached(base::Probe::kPushNotWritten);
  if (std::exchange(is_refusing_, true)) return;  // and it was said
  log.error("the push store cannot be written: pushes are refused", {{"reason", failure->details}});
}

}  // namespace prometheus_rsocket::push
