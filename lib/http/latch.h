// A moment that one coroutine waits for, come or not come yet. Internal to lib/http.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

#include "runtime/handler.h"

namespace prometheus_rsocket::http {

class Latch {
 public:
  explicit Latch(runtime::Executor executor) : executor_(std::move(executor)) {}

  // REQUIRES: not open.
  void open() {
    open_ = true;
    wake();
  }
  void shut() { open_ = false; }
  [[nodiscard]] bool is_open() const { return open_; }

  // Completes, never at once, when it is open. One may wait at a time.
  template <class Token>
  auto async_wait(Token&& token) {
    return boost::asio::async_initiate<Token, void()>(
        [this](auto handler) {
          waiter_.emplace(std::move(handler));
          wake();
        },
        token);
  }
  // Whoever waits is destroyed instead of being called.
  void abandon() { waiter_.reset(); }

 private:
  void wake() {
    if (!open_ || !waiter_) return;
    auto waiter = std::move(*waiter_);
    waiter_.reset();
    boost::asio::post(executor_, boost::asio::bind_executor(executor_, std::move(waiter)));
  }

  runtime::Executor executor_;
  bool open_ = false;
  std::optional<runtime::Handler<void()>> waiter_;
};

}  // namespace prometheus_rsocket::http
