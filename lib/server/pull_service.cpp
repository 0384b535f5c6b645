#include "server/pull_service.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>
#include <map>
#include <ranges>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "base/probe.h"
#include "runtime/alarm.h"
#include "server/limits.h"
#include "server/page.h"

namespace prometheus_rsocket::server {

struct PullService::Waiter {
  std::uint64_t number = 0;
  base::Instant deadline;
  Done done;
  bool is_hurried = false;
};

struct PullService::Pull : std::enable_shared_from_this<Pull> {
  Pull(PullService& service, PullId the_id, base::Instant now)
      : id(the_id),
        began(now),
        shards_to_answer(service.shards_.count),
        alarm(service.shard_, [&service, the_id] { service.on_alarm(the_id); }) {}

  PullId id;
  base::Instant began;
  bool finished = false;
  bool all_in = false;    // it finished since everyone has replied
  bool had_time = false;  // somebody waited until their deadline, and was not hurried
  std::size_t shards_to_answer;
  std::size_t punctual_to_come = 0;  // may be passed by replies until all shards have answered
  std::size_t tardy_to_come = 0;
  std::size_t punctual_came = 0;
  std::size_t tardy_came = 0;
  std::optional<base::Instant> tardy_deadline;
  std::map<Seniority, Reply> replies;  // with something on them
  std::uint64_t bytes = 0;             // of those
  std::uint64_t left_out = 0;
  std::optional<Seniority> room_ends;  // who was left out, and whoever is younger, has no room
  std::vector<Waiter> waiters;
  runtime::Alarm alarm;
};

namespace {

// base/mutant.h's kBuffersSwapped: of two who were late, and are in time now, each has half of the
// other's bytes.
void swap_buffers(const std::map<Seniority, Reply>& replies, const Reply& reply) {
  const auto other =
      std::ranges::find_if(replies, [](const auto& entry) { return entry.second.tardy; });
  if (other == replies.end() || !reply.tardy) return;
  // They are not const where they were made.
  const std::string_view a = other->second.exposition->text;
  const std::string_view b = reply.exposition->text;
  auto* const to = const_cast<char*>(b.data());  // NOLINT
  std::swap_ranges(to, to + std::min(a.size(), b.size()) / 2,
                   const_cast<char*>(a.data()));  // NOLINT
}

}  // namespace

PullService::PullService(runtime::Shard& shard, Shards shards, std::uint64_t bytes_max)
    : shard_(shard), shards_(std::move(shards)), bytes_max_(bytes_max) {}

PullService::~PullService() = default;

PullService::Wait PullService::pull(base::Instant deadline, Done done) {
  const base::Instant now = shard_.clock.now();
  if (!may_join()) {
    const PullId id{next_id_++};
    pulls_.emplace(id, std::make_shared<Pull>(*this, id, now));
    shards_.ask(id);
  }
  Pull& pull = *pulls_.rbegin()->second;
  if (pull.began != now || !pull.waiters.empty()) base::reached(base::Probe::kPullShared);
  const Wait wait{pull.id, next_wait_++};
  pull.waiters.push_back({wait.number, deadline, std::move(done)});
  if (pull.finished) {
    finish(pull);
  } else {
    set_alarm(pull);
  }
  return wait;
}

bool PullService::hurry(const Wait& wait) {
  const auto pull = pulls_.find(wait.pull);
  if (pull == pulls_.end()) return false;
  auto& waiters = pull->second->waiters;
  const auto waiter = std::ranges::find(waiters, wait.number, &Waiter::number);
  if (waiter == waiters.end()) return false;
  waiter->deadline = shard_.clock.now();
  waiter->is_hurried = true;
  set_alarm(*pull->second);
  return true;
}

// One that went with what there was is not shared: who comes now may have more time.
bool PullService::may_join() const {
  if (pulls_.empty()) return false;
  const Pull& last = *pulls_.rbegin()->second;
  return shard_.clock.now() <= last.began + kPullSharing && (!last.finished || last.all_in);
}

std::uint64_t PullService::bytes_expected() const {
  if (may_join()) return 0;
  std::uint64_t bytes = bytes_of_last_;
  for (const auto& [id, pull] : pulls_) {
    if (!pull->finished) bytes += bytes_of_last_ - std::min(bytes_of_last_, pull->bytes);
  }
  return bytes;
}

void PullService::pull_asked(PullId id, std::size_t clients, std::size_t tardy) {
  const auto found = pulls_.find(id);
  if (found == pulls_.end()) return;
  Pull& pull = *found->second;
  --pull.shards_to_answer;
  pull.punctual_to_come += clients - tardy;
  pull.tardy_to_come += tardy;
  finish_if_all_in(pull);
}

void PullService::pull_replied(PullId id, Reply reply) {
  const auto found = pulls_.find(id);
  if (found == pulls_.end() || found->second->finished) return;
  Pull& pull = *found->second;
  ++(reply.tardy ? pull.tardy_came : pull.punctual_came);
  if (reply.exposition && base::is_mutant(base::Mutant::kBuffersSwapped)) {
    swap_buffers(pull.replies, reply);
  }
  if (reply.exposition) keep(pull, std::move(reply));
  finish_if_all_in(pull);
}

// Holds no more than bytes_max_ and one reply at any time.
void PullService::keep(Pull& pull, Reply reply) {
  const Seniority seniority = reply.seniority();
  pull.bytes += reply.exposition->page_bytes();
  pull.replies.emplace(seniority, std::move(reply));
  const auto has_no_room = [&](const Seniority& youngest) {
    return pull.bytes > bytes_max_ || (pull.room_ends && youngest > *pull.room_ends);
  };
  while (!pull.replies.empty() && has_no_room(pull.replies.rbegin()->first)) {
    const auto youngest = std::prev(pull.replies.end());
    pull.room_ends = std::min(pull.room_ends.value_or(youngest->first), youngest->first);
    pull.bytes -= youngest->second.exposition->page_bytes();
    pull.replies.erase(youngest);
    ++pull.left_out;
    ++left_out_;
  }
}

void PullService::client_ended(ConnectionId client) {
  for (const auto& [id, pull] : pulls_) {
    const auto reply = std::ranges::find_if(
        pull->replies, [&](const auto& entry) { return entry.second.client == client; });
    if (reply == pull->replies.end()) continue;
    base::reached(base::Probe::kClientGoneMidPull);
    pull->bytes -= reply->second.exposition->page_bytes();
    pull->replies.erase(reply);
  }
}

void PullService::finish_if_all_in(Pull& pull) {
  if (pull.finished || pull.shards_to_answer > 0) return;
  if (pull.punctual_came < pull.punctual_to_come) return;
  if (pull.tardy_came == pull.tardy_to_come) {
    pull.all_in = true;
    return finish(pull);
  }
  if (pull.tardy_deadline) return;
  base::reached(base::Probe::kTardyGrace);
  pull.tardy_deadline = shard_.clock.now() + kTardyGrace;
  set_alarm(pull);
}

// Answers everyone who waits. The replies stay as long as the pull may still be joined.
void PullService::finish(Pull& pull, Rest rest) {
  if (!pull.finished) {
    pull.finished = true;
    bytes_of_last_ = pull.bytes;
    largest_of_last_ = 0;
    for (const auto& [seniority, reply] : pull.replies) {
      largest_of_last_ = std::max<std::uint64_t>(largest_of_last_, reply.exposition->bytes());
    }
    if (pull.left_out > 0) log_left_out(shard_, log_limit_, pull.left_out);
    (rest == Rest::kLate ? shards_.end : shards_.cancel)(pull.id);
  }
  for (Waiter& waiter : std::exchange(pull.waiters, {})) {
    answer(pull, std::move(waiter));
  }
  set_alarm(pull);
}

// Posted: who waits may ask for the next pull. Whoever ends until then is not on the page.
void PullService::answer(Pull& pull, Waiter waiter) {
  boost::asio::post(shard_.executor, [waiter = std::move(waiter), pull = pull.shared_from_this()] {
    const auto replies = std::views::values(pull->replies);
    waiter.done({pull->id, {replies.begin(), replies.end()}, waiter.is_hurried});
  });
}

void PullService::set_alarm(Pull& pull) {
  base::Instant next = pull.began + kPullSharing;
  if (!pull.finished && base::is_mutant(base::Mutant::kNoDeadline)) return pull.alarm.clear();
  if (!pull.finished) {
    next = std::ranges::min_element(pull.waiters, {}, &Waiter::deadline)->deadline;
    if (pull.tardy_deadline) next = std::min(next, *pull.tardy_deadline);
  }
  pull.alarm.set(next);
}

void PullService::on_alarm(PullId id) {
  const auto found = pulls_.find(id);
  CHECK(found != pulls_.end(), "an alarm goes with its pull");
  Pull& pull = *found->second;
  const base::Instant now = shard_.clock.now();
  if (pull.finished) {
    pulls_.erase(found);  // it can be joined no more
    return;
  }
  const auto due = [&](const Waiter& waiter) { return waiter.deadline <= now; };
  if (pull.tardy_deadline && *pull.tardy_deadline <= now) return finish(pull);
  pull.had_time |= std::ranges::any_of(
      pull.waiters, [&](const Waiter& waiter) { return due(waiter) && !waiter.is_hurried; });
  if (std::ranges::all_of(pull.waiters, due)) {
    return finish(pull, pull.had_time ? Rest::kLate : Rest::kNotAsked);
  }
  // Some have to go with what there is; the others wait on.
  std::vector<Waiter> waiting = std::exchange(pull.waiters, {});
  for (Waiter& waiter : waiting) {
    if (due(waiter)) {
      answer(pull, std::move(waiter));
    } else {
      pull.waiters.push_back(std::move(waiter));
    }
  }
  set_alarm(pull);
}

}  // namespace prometheus_rsocket::server
