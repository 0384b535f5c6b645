// How many bytes of clients' texts and their indexes the proxy holds, in all: those being asked
// for, on pages under way, and remembered to read the next ones by (docs/decisions/0017).
//
// Shared by all shards, since a text is read on one and let go on another; nothing but a number, so
// any thread may use it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "exposition/exposition.h"
#include "server/limits.h"

namespace prometheus_rsocket::server {

class TextBudget : public std::enable_shared_from_this<TextBudget> {
 public:
  explicit TextBudget(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  [[nodiscard]] std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t left() const {
    const std::uint64_t used = this->used();
    return used < bytes_max_ ? bytes_max_ - used : 0;
  }
  // What one more text and its index may have: what is left but for a reserve, at least half of it,
  // so that there is always room for who is small, whoever was there before; and who is small is
  // bounded by his page alone.
  [[nodiscard]] std::uint64_t allowance() const {
    const std::uint64_t left = this->left();
    const std::uint64_t but_reserve = left - std::min(left, reserve());
    return std::max<std::uint64_t>({left / 2, but_reserve, kSmallTextBytes});
  }
  // Whether texts of so many bytes in all have room, each by its allowance, in whatever order they
  // come.
  [[nodiscard]] bool has_room(std::uint64_t bytes, std::uint64_t largest) const {
    return bytes + (largest <= kSmallTextBytes ? 0 : std::min(largest, reserve())) <= left();
  }

  // Counted for as long as it is held.
  [[nodiscard]] std::shared_ptr<const exposition::Exposition> hold(
      exposition::Exposition exposition) {
    struct Held {
      Held(exposition::Exposition what, std::shared_ptr<TextBudget> budget)
          : exposition(std::move(what)), bytes(exposition.bytes()), owner(std::move(budget)) {
        owner->used_.fetch_add(bytes, std::memory_order_relaxed);
      }
      ~Held() { owner->used_.fetch_sub(bytes, std::memory_order_relaxed); }
      Held(const Held&) = delete;
      Held& operator=(const Held&) = delete;

      exposition::Exposition exposition;
      const std::uint64_t bytes;
      const std::shared_ptr<TextBudget> owner;
    };
    const auto held = std::make_shared<Held>(std::move(exposition), shared_from_this());
    return {held, &held->exposition};
  }

 private:
  [[nodiscard]] std::uint64_t reserve() const { return bytes_max_ / 10; }

  const std::uint64_t bytes_max_;
  std::atomic<std::uint64_t> used_ = 0;
};

}  // namespace prometheus_rsocket::server
