#include "server/single_pulls.h"

#include <utility>

namespace prometheus_rsocket::server {

void SinglePulls::pull(ConnectionId client, base::Instant deadline, Done done) {
  const PullId id{next_id_++};
  auto single = std::make_unique<Single>(shard_, std::move(done),
                                         [this, client, id] { shards_.end(client, id); });
  single->alarm.set(deadline);
  singles_.emplace(id, std::move(single));
  shards_.ask(client, id);
}

bool SinglePulls::replied(PullId pull, Reply& reply) {
  const auto found = singles_.find(pull);
  if (found == singles_.end()) return false;
  const std::unique_ptr<Single> single = std::move(found->second);
  singles_.erase(found);
  single->done(pull, std::move(reply));
  return true;
}

}  // namespace prometheus_rsocket::server
