#include "server/single_pulls.h"

#include <utility>

#include "base/probe.h"
#include "server/limits.h"

namespace prometheus_rsocket::server {

void SinglePulls::pull(ConnectionId client, base::Instant deadline, Done done) {
  const base::Instant from = shard_.clock.now() - kPullSharing;
  const auto last = newest_.find(client);
  if (last != newest_.end()) {
    Single& single = *singles_.at(last->second);
    if (single.began >= from) {
      base::reached(base::Probe::kSinglePullShared);
      return single.done.push_back(std::move(done));
    }
  }
  const PullId id{next_id_++};
  newest_.insert_or_assign(client, id);
  ask(id, client, deadline, std::move(done));
}

void SinglePulls::probe(ConnectionId client, base::Instant deadline, Done done) {
  ask(PullId{next_probe_++}, client, deadline, std::move(done));
}

void SinglePulls::ask(PullId id, ConnectionId client, base::Instant deadline, Done done) {
  auto single =
      std::make_unique<Single>(shard_, client, [this, client, id] { shards_.end(client, id); });
  single->done.push_back(std::move(done));
  single->alarm.set(deadline);
  singles_.emplace(id, std::move(single));
  shards_.ask(client, id);
}

bool SinglePulls::replied(PullId pull, Reply& reply) {
  const auto found = singles_.find(pull);
  if (found == singles_.end()) return false;
  const std::unique_ptr<Single> single = std::move(found->second);
  singles_.erase(found);
  const auto newest = newest_.find(single->client);
  if (newest != newest_.end() && newest->second == pull) newest_.erase(newest);
  for (const Done& done : single->done) done(pull, reply);
  return true;
}

}  // namespace prometheus_rsocket::server
