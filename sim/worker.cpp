#include "sim/worker.h"

#include <boost/asio/associated_executor.hpp>
#include <utility>

#include "sim/kernel.h"
#include "sim/operation.h"
#include "sim/shard_state.h"

namespace prometheus_rsocket::sim {

void Worker::do_run(runtime::Handler<void()> work, runtime::Handler<void()> handler) {
  if (!process_.alive()) return;
  jobs_.push_back({std::move(work), std::move(handler)});
  if (jobs_.size() == 1) next();
}

void Worker::next() {
  ProcessState& state = process_.state();
  state.later(state.kernel.events.now(), {EventKind::kWork, state.entity},
              make_task([this] { work(); }));
}

void Worker::work() {
  ProcessState& state = process_.state();
  blocking_.begin_work();
  std::move(jobs_.front().work)();
  const base::Duration took = blocking_.end_work();
  state.later(state.kernel.events.now() + took, {EventKind::kWork, state.entity, 1},
              make_task([this, &state] {
                const ShardExecutor shard(state.shards.front()->queue);
                runtime::Handler<void()> handler = std::move(jobs_.front().handler);
                const auto where = boost::asio::get_associated_executor(handler, shard);
                jobs_.pop_front();
                if (!jobs_.empty()) next();
                post_to(where, shard, [h = std::move(handler)]() mutable { std::move(h)(); });
              }));
}

}  // namespace prometheus_rsocket::sim
