// One asynchronous operation of the simulated seam: its handler, from start to completion.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"
#include "runtime/handler.h"

namespace prometheus_rsocket::sim {

// Calls `handler` later, on its own executor; uncalled if the process has ended by then.
template <class... Results>
void post_completion(const runtime::Executor& executor,
                     runtime::Handler<void(runtime::error_code, Results...)> handler,
                     runtime::error_code error, Results... results) {
  auto where = boost::asio::get_associated_executor(handler, executor);
  boost::asio::post(executor,
                    boost::asio::bind_executor(where, [h = std::move(handler), error,
                                                       ... rest = std::move(results)]() mutable {
                      std::move(h)(error, std::move(rest)...);
                    }));
}

template <class... Results>
class Operation {
 public:
  using Handler = runtime::Handler<void(runtime::error_code, Results...)>;

  // Waits. Cancelling through the handler's slot completes it with operation_aborted.
  void start(const runtime::Executor& executor, Handler handler) {
    CHECK(!handler_, "one such operation at a time");
    executor_ = executor;
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    handler_.emplace(std::move(handler));
    if (!slot.is_connected()) return;
    token_ = std::make_shared<Operation*>(this);
    slot.assign([weak = std::weak_ptr(token_)](boost::asio::cancellation_type /*unused*/) {
      if (const auto self = weak.lock()) (*self)->abort();
    });
  }

  [[nodiscard]] bool waiting() const { return handler_.has_value(); }

  // REQUIRES: waiting().
  void complete(runtime::error_code error, Results... results) {
    post_completion<Results...>(executor_, take(), error, std::move(results)...);
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

  runtime::Executor executor_;
  std::optional<Handler> handler_;
  std::shared_ptr<Operation*> token_;
};

}  // namespace prometheus_rsocket::sim
