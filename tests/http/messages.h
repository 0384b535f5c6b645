// A process of which there is nothing but its shards' messages: they wait until the test delivers
// them, in any order that the seam allows.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <utility>

#include "base/check.h"
#include "runtime/runtime.h"

namespace prometheus_rsocket::http {

class Messages final : public runtime::Process {
 public:
  explicit Messages(std::size_t shards) : shards_(shards) {}

  [[nodiscard]] std::size_t shard_count() const override { return shards_; }
  [[nodiscard]] runtime::Shard& shard(std::size_t /*index*/) override {
    CHECK(false, "there is nothing on these shards");
  }
  [[nodiscard]] runtime::Signals& signals() override { CHECK(false, "there are no signals"); }
  void send(std::size_t from, std::size_t to, runtime::Handler<void()> task) override {
    ++sent_;
    waiting_[{from, to}].push_back(std::move(task));
  }

  [[nodiscard]] std::size_t sent() const { return sent_; }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] std::size_t waiting(std::size_t from, std::size_t to) const {
    const auto found = waiting_.find({from, to});
    return found == waiting_.end() ? 0 : found->second.size();
  }

  // Runs the oldest message of one of the pairs that have some. REQUIRES: !empty().
  void deliver(std::size_t choice) {
    auto pair = waiting_.begin();
    std::advance(pair, choice % waiting_.size());
    runtime::Handler<void()> task = std::move(pair->second.front());
    pair->second.pop_front();
    if (pair->second.empty()) waiting_.erase(pair);
    std::move(task)();
  }
  void deliver_all() {
    while (!empty()) deliver(0);
  }

 private:
  std::size_t shards_;
  std::size_t sent_ = 0;
  std::map<std::pair<std::size_t, std::size_t>, std::deque<runtime::Handler<void()>>> waiting_;
};

}  // namespace prometheus_rsocket::http
