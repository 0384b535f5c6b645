// The executor of a simulated shard, and what waits to run on it.
#pragma once

#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

namespace prometheus_rsocket::sim {

struct ProcessState;

class Task {
 public:
  virtual ~Task() = default;
  virtual void run() = 0;
};

template <class F>
[[nodiscard]] std::unique_ptr<Task> make_task(F&& f) {
  using Function = std::decay_t<F>;
  class Made final : public Task {
   public:
    explicit Made(F&& function) : function_(std::forward<F>(function)) {}
    void run() override { std::move(function_)(); }

   private:
    Function function_;
  };
  return std::make_unique<Made>(std::forward<F>(f));
}

// First in, first out; one task is one event of the world. Of a paused process none runs until it
// goes on, of an ended process none any more.
class TaskQueue {
 public:
  TaskQueue(ProcessState& process, std::uint64_t entity) : process_(process), entity_(entity) {}

  void push(std::unique_ptr<Task> task);  // destroys it at once if the process has ended
  void drop();                            // destroys all uncalled
  void wake();                            // goes on, after a pause

  [[nodiscard]] bool running() const { return running_; }
  [[nodiscard]] ProcessState& process() const { return process_; }
  [[nodiscard]] std::uint64_t entity() const { return entity_; }
  [[nodiscard]] boost::asio::execution_context& context() const;

 private:
  void schedule();
  void run_next();

  ProcessState& process_;
  std::uint64_t entity_;
  std::deque<std::unique_ptr<Task>> tasks_;
  bool scheduled_ = false;
  bool running_ = false;
  std::uint64_t ran_ = 0;
};

// Models Asio's executor. As io_context's, it runs a function at once where that may be (dispatch,
// from a task of the same shard), and later otherwise (post).
class ShardExecutor {
 public:
  explicit ShardExecutor(TaskQueue& queue) : queue_(&queue) {}

  [[nodiscard]] boost::asio::execution_context& query(
      boost::asio::execution::context_t /*unused*/) const noexcept {
    return queue_->context();
  }
  [[nodiscard]] boost::asio::execution::blocking_t query(
      boost::asio::execution::blocking_t /*unused*/) const noexcept {
    if (never_inline_) return boost::asio::execution::blocking.never;
    return boost::asio::execution::blocking.possibly;
  }
  [[nodiscard]] ShardExecutor require(
      boost::asio::execution::blocking_t::never_t /*unused*/) const noexcept {
    return ShardExecutor(*queue_, true);
  }
  [[nodiscard]] ShardExecutor require(
      boost::asio::execution::blocking_t::possibly_t /*unused*/) const noexcept {
    return ShardExecutor(*queue_, false);
  }

  template <class F>
  void execute(F&& f) const {
    if (!never_inline_ && queue_->running()) {
      std::decay_t<F> function(std::forward<F>(f));
      std::move(function)();
    } else {
      queue_->push(make_task(std::forward<F>(f)));
    }
  }

  [[nodiscard]] TaskQueue& queue() const { return *queue_; }

  friend bool operator==(const ShardExecutor&, const ShardExecutor&) noexcept = default;

 private:
  ShardExecutor(TaskQueue& queue, bool never_inline)
      : queue_(&queue), never_inline_(never_inline) {}

  TaskQueue* queue_;
  bool never_inline_ = false;
};

}  // namespace prometheus_rsocket::sim
