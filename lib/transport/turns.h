// Whose turn it is, among the sessions of one shard, to handle a frame that nobody asked for and
// that may be expensive: a push costs a private-key operation, some 0.3 ms. One turn in each round
// of the shard's loop, so that timers and everybody else's bytes wait for one such operation,
// however many peers push: some hundred that flood kept a shard's scrapes beyond their deadline.
//
// One shard; shared by its sessions, which it does not keep alive.
#pragma once

#include <boost/asio/post.hpp>
#include <deque>
#include <memory>
#include <utility>

#include "runtime/handler.h"

namespace prometheus_rsocket::transport {

class Turns : public std::enable_shared_from_this<Turns> {
 public:
  class User {
   public:
    virtual ~User() = default;
    // It is its turn. Called once for each take() that was refused.
    virtual void on_turn() = 0;
  };

  explicit Turns(runtime::Executor executor) : executor_(std::move(executor)) {}

  // Whether `user` may go on now; if not, it is told when. REQUIRES: it is not waiting already.
  [[nodiscard]] bool take(const std::weak_ptr<User>& user) {
    if (taken_) {
      waiting_.push_back(user);
      return false;
    }
    taken_ = true;
    pass_on_later();
    return true;
  }

 private:
  void pass_on_later() {
    boost::asio::post(executor_, [self = shared_from_this()] { self->pass_on(); });
  }

  void pass_on() {
    std::shared_ptr<User> next;
    while (!next && !waiting_.empty()) {
      next = waiting_.front().lock();
      waiting_.pop_front();
    }
    taken_ = next != nullptr;
    if (!next) return;
    pass_on_later();
    next->on_turn();
  }

  runtime::Executor executor_;
  bool taken_ = false;  // in this round
  std::deque<std::weak_ptr<User>> waiting_;
};

}  // namespace prometheus_rsocket::transport
