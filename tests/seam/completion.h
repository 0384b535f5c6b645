// What became of one asynchronous operation at the seam, as a test sees it.
#pragma once

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "runtime/handler.h"

namespace prometheus_rsocket::seam {

// Whether the caller runs on `executor`: only then does dispatch() run a function at once.
[[nodiscard]] inline bool runs_on(const runtime::Executor& executor) {
  const auto at_once = std::make_shared<bool>(false);
  boost::asio::dispatch(executor, [at_once] { *at_once = true; });
  return *at_once;
}

template <class... Results>
class Completion {
 public:
  explicit Completion(runtime::Executor executor) : executor_(std::move(executor)) {}

  // For one operation; bound to the executor. It keeps `owned` as long as it lives.
  template <class... Owned>
  [[nodiscard]] auto handler(Owned... owned) const {
    return boost::asio::bind_executor(
        executor_, [state = state_, executor = executor_, ... kept = std::move(owned)](
                       runtime::error_code error, Results... results) mutable {
          ++state->calls;
          state->error = error;
          state->results.emplace(std::move(results)...);
          state->was_on_executor = runs_on(executor);
        });
  }

  [[nodiscard]] bool done() const { return state_->calls > 0; }
  [[nodiscard]] int calls() const { return state_->calls; }
  [[nodiscard]] bool was_on_executor() const { return state_->was_on_executor; }
  // Called or destroyed uncalled.
  [[nodiscard]] bool handler_is_gone() const { return state_.use_count() == 1; }

  // REQUIRES: done().
  [[nodiscard]] runtime::error_code error() const { return state_->error; }
  [[nodiscard]] auto& value() const { return std::get<0>(*state_->results); }

 private:
  struct State {
    int calls = 0;
    bool was_on_executor = false;
    runtime::error_code error;
    std::optional<std::tuple<Results...>> results;
  };
  runtime::Executor executor_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace prometheus_rsocket::seam
