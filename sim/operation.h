// One asynchronous operation of the simulated seam: its handler, from start to completion.
#pragma once

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"
#include "runtime/handler.h"
#include "sim/shard_executor.h"

namespace prometheus_rsocket::sim {

// The executor's shard; null: of something else.
[[nodiscard]] inline const ShardExecutor* shard_in(
    const boost::asio::any_completion_executor& executor) {
  const auto* wrapped = executor.target<runtime::Executor>();
  return wrapped != nullptr ? wrapped->target<ShardExecutor>() : executor.target<ShardExecutor>();
}

// Lets `function`, which completes something of `shard`, run on `where`, the executor of its
// handler: never before this returns, and not at all if the process has ended by then. Nearly
// always `where` is the shard itself, which is therefore spared the way through Asio's polymorphic
// executors.
template <class Function>
void post_to(const boost::asio::any_completion_executor& where, const ShardExecutor& shard,
             Function function) {
  const ShardExecutor* target = shard_in(where);
  TaskQueue& queue = shard.queue();
  if (target != nullptr && &target->queue() == &queue) {
    queue.push(make_task(std::move(function)));
  } else {
    queue.push(make_task([where, f = std::move(function)]() mutable {
      boost::asio::dispatch(where, std::move(f));
    }));
  }
}

// Calls `handler` later, on its own executor; uncalled if the process has ended by then.
template <class... Results>
void post_completion(const ShardExecutor& shard,
                     runtime::Handler<void(runtime::error_code, Results...)> handler,
                     runtime::error_code error, Results... results) {
  const auto where = boost::asio::get_associated_executor(handler, shard);
  post_to(where, shard, [h = std::move(handler), error, ... rest = std::move(results)]() mutable {
    std::move(h)(error, std::move(rest)...);
  });
}

template <class... Results>
class Operation {
 public:
  using Handler = runtime::Handler<void(runtime::error_code, Results...)>;

  // Waits. Cancelling through the handler's slot completes it with operation_aborted, and then
  // calls `cancelled`, which may destroy this.
  void start(const ShardExecutor& shard, Handler handler, std::function<void()> cancelled = {}) {
    CHECK(!handler_, "one such operation at a time");
    shard_.emplace(shard);
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    handler_.emplace(std::move(handler));
    if (!slot.is_connected()) return;
    token_ = std::make_shared<Operation*>(this);
    slot.assign([weak = std::weak_ptr(token_),
                 then = std::move(cancelled)](boost::asio::cancellation_type /*unused*/) {
      const auto self = weak.lock();
      if (!self) return;
      (*self)->abort();
      if (then) then();
    });
  }

  [[nodiscard]] bool waiting() const { return handler_.has_value(); }

  // REQUIRES: waiting().
  void complete(runtime::error_code error, Results... results) {
    post_completion<Results...>(*shard_, take(), error, std::move(results)...);
  }

  void abort() {
    if (waiting()) complete(boost::asio::error::operation_aborted, Results{}...);
  }

  // The handler, to be destroyed uncalled. It may own this.
  [[nodiscard]] std::optional<Handler> release() {
    std::optional<Handler> released;
    if (waiting()) released.emplace(take());
    return released;
  }

 private:
  Handler take() {
    token_.reset();
    Handler taken = std::move(*handler_);
    handler_.reset();
    return taken;
  }

  std::optional<ShardExecutor> shard_;
  std::optional<Handler> handler_;
  std::shared_ptr<Operation*> token_;
};

}  // namespace prometheus_rsocket::sim
