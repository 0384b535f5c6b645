#include "server/single_pulls.h"

#include <utility>

#include "base/probe.h"
#include "server/limits.h"

namespace prometheus_rsocket::server {

SinglePulls::Wait SinglePulls::pull(ConnectionId client, base::Instant deadline, Done done) {
  const auto last = newest_.find(client);
  if (last != newest_.end()) {
    Single& single = *singles_.at(last->second);
    if (may_join(single, deadline)) {
      base::reached(base::Probe::kSinglePullShared);
      return add(last->second, single, std::move(done));
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
  if (single.done.erase(wait.number) == 0 || !single.done.empty()) return;
  no_longer_newest(wait.pull, single.client);
  shards_.cancel(single.client, wait.pull);
  singles_.erase(found);
}

// Who gives a client hardly any time takes none from others.
bool SinglePulls::may_join(const Single& single, base::Instant deadline) const {
  const auto alike = [](base::Instant earlier, base::Instant later) {
    return later - earlier <= kPullSharing;
  };
  return alike(single.began, shard_.clock.now()) && alike(single.deadline, deadline) &&
         alike(deadline, single.deadline);
}

void SinglePulls::probe(ConnectionId client, base::Instant deadline, Done done) {
  ask(PullId{next_probe_++}, client, deadline, std::move(done));
}

SinglePulls::Wait SinglePulls::ask(PullId id, ConnectionId client, base::Instant deadline,
                                   Done done) {
  auto single =
      std::make_unique<Single>(shard_, client, [this, client, id] { shards_.end(client, id); });
  const Wait wait = add(id, *single, std::move(done));
  single->deadline = deadline;
  single->alarm.set(deadline);
  singles_.emplace(id, std::move(single));
  shards_.ask(client, id);
  return wait;
}

SinglePulls::Wait SinglePulls::add(PullId id, Single& single, Done done) {
  const std::uint64_t number = next_wait_++;
  single.done.emplace(number, std::move(done));
  return {id, number};
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
  for (const auto& [number, done] : single->done) done(pull, reply);
  return true;
}

}  // namespace prometheus_rsocket::server
