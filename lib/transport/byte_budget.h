// How many bytes of frames on their way in the sessions of one shard may hold together
// (design.md, "Production runtime": --rsocket.max-inflight-bytes).
//
// Counts what has arrived, never what was declared: a claim costs nobody anything. One shard.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "base/check.h"

namespace prometheus_rsocket::transport {

class ByteBudget {
 public:
  explicit ByteBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  [[nodiscard]] std::size_t bytes_max() const { return bytes_max_; }
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  friend class Reservation;

  std::size_t bytes_max_;
  std::size_t used_ = 0;
};

// One session's part of a budget; given back when it ends. Shares the budget's ownership, since a
// session outlives the server that made it while its operations are under way.
class Reservation {
 public:
  // No budget: without bound.
  explicit Reservation(std::shared_ptr<ByteBudget> budget) : budget_(std::move(budget)) {}
  ~Reservation() { shrink(0); }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  // Makes it `bytes` in all. False, and as before, where the budget has no room for more; without
  // fail where it becomes less.
  [[nodiscard]] bool resize(std::size_t bytes) {
    if (!budget_ || bytes == bytes_) return true;
    if (bytes > bytes_ && bytes - bytes_ > budget_->bytes_max_ - budget_->used_) return false;
    budget_->used_ += bytes - bytes_;  // modulo: may be less
    bytes_ = bytes;
    return true;
  }
  // REQUIRES: no more than it is.
  void shrink(std::size_t bytes) { CHECK(resize(bytes), "less is always granted"); }

  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<ByteBudget> budget_;
  std::size_t bytes_ = 0;
};

}  // namespace prometheus_rsocket::transport
