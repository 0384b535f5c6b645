#include "server/single_pulls.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/probe.h"
#include "server/limits.h"

namespace prometheus_rsocket::server {

SinglePulls::Wait SinglePulls::pull(ConnectionId client, base::Instant deadline, Done done) {
  const base::Instant from = shard_.clock.now() - kPullSharing;
  const auto last = newest_.find(client);
  if (last != newest_.end()) {
    Single& single = *singles_.at(last->second);
    if (single.began >= from) {
      base::reached(base::Probe::kSinglePullShared);
      return add(last->second, single, deadline, std::move(done));
    }
  }
  const PullId id{next_id_++};
  newest_.insert_or_assign(client, id);
  return ask(id, client, deadline, std::move(done));
}

void SinglePulls::forget(const Wait& wait) {
  const auto found = singles_.find(wait.pull);
  if (found == singles_.end()) return;
  Single& single = *found->second;
  if (single.waiters.erase(wait.number) == 0 || !single.waiters.empty()) return;
  no_longer_newest(wait.pull, single.client);
  shards_.cancel(single.client, wait.pull);
  singles_.erase(found);
}

void SinglePulls::probe(ConnectionId client, base::Instant deadline, Done done) {
  ask(PullId{next_probe_++}, client, deadline, std::move(done));
}

SinglePulls::Wait SinglePulls::ask(PullId id, ConnectionId client, base::Instant deadline,
                                   Done done) {
  const auto single =
      singles_.emplace(id, std::make_unique<Single>(shard_, client, [this, id] { on_alarm(id); }));
  shards_.ask(client, id);
  return add(id, *single.first->second, deadline, std::move(done));
}

SinglePulls::Wait SinglePulls::add(PullId id, Single& single, base::Instant deadline, Done done) {
  const std::uint64_t number = next_wait_++;
  single.waiters.emplace(number, Waiter{deadline, std::move(done)});
  set_alarm(single);
  return {id, number};
}

void SinglePulls::set_alarm(Single& single) {
  const auto deadline_of = [](const auto& entry) { return entry.second.deadline; };
  single.alarm.set(deadline_of(*std::ranges::min_element(single.waiters, {}, deadline_of)));
}

// Who gives a client hardly any time takes none from others.
void SinglePulls::on_alarm(PullId id) {
  Single& single = *singles_.at(id);
  const base::Instant now = shard_.clock.now();
  const auto is_due = [now](const auto& entry) { return entry.second.deadline <= now; };
  if (std::ranges::all_of(single.waiters, is_due)) {
    no_longer_newest(id, single.client);
    return shards_.end(single.client, id);
  }
  std::vector<Done> due;
  for (auto& [number, waiter] : single.waiters) {
    if (waiter.deadline <= now) due.push_back(std::move(waiter.done));
  }
  std::erase_if(single.waiters, is_due);
  set_alarm(single);
  Reply late;
  late.client = single.client;
  late.record = {.outcome = PullOutcome::kTimeout,
                 .at = now,
                 .took = now - single.began,
                 .reason = std::string(kLateReason)};
  shards_.late(single.client, late.record);
  for (const Done& done : due) done(id, late);
}

void SinglePulls::no_longer_newest(PullId pull, ConnectionId client) {
  const auto newest = newest_.find(client);
  if (newest != newest_.end() && newest->second == pull) newest_.erase(newest);
}

bool SinglePulls::replied(PullId pull, Reply& reply) {
  const auto found = singles_.find(pull);
  if (found == singles_.end()) return false;
  const std::unique_ptr<Single> single = std::move(found->second);
  singles_.erase(found);
  no_longer_newest(pull, single->client);
  for (const auto& [number, waiter] : single->waiters) waiter.done(pull, reply);
  return true;
}

}  // namespace prometheus_rsocket::server
