#include "net/worker.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

#include "base/check.h"

namespace prometheus_rsocket::net {
namespace {

using LoopExecutor = boost::asio::io_context::executor_type;  // of every shard (net/process.h)
using Task = runtime::Handler<void()>;

// The handlers of one io_context whose work is not done. They stay on its side: when it shuts down
// they are destroyed there, and work that is done after that finds nobody.
class Waiting final : public boost::asio::execution_context::service {
 public:
  using key_type = Waiting;
  static inline boost::asio::execution_context::id id;

  struct One {
    Task handler;
    boost::asio::executor_work_guard<LoopExecutor> work;  // the loop must not run dry before
  };
  // Shared with the pool's tasks, which may outlive the context.
  struct All {
    std::mutex mutex;
    std::map<std::uint64_t, One> waiting;
    std::uint64_t count = 0;  // ever
  };

  explicit Waiting(boost::asio::execution_context& context) : service(context) {}

  [[nodiscard]] const std::shared_ptr<All>& all() const { return all_; }

 private:
  void shutdown() override {
    std::map<std::uint64_t, One> dropped;
    const std::lock_guard lock(all_->mutex);
    dropped.swap(all_->waiting);
  }

  std::shared_ptr<All> all_ = std::make_shared<All>();
};

class ThreadWorker final : public runtime::Worker {
 public:
  ~ThreadWorker() override {
    pool_.stop();
    pool_.join();
  }

 private:
  void do_run(Task work, Task handler) override {
    const auto where = boost::asio::get_associated_executor(handler);
    const auto* shard = where.target<LoopExecutor>();
    CHECK(shard != nullptr, "the handler is bound to a shard's executor");
    auto all = boost::asio::use_service<Waiting>(shard->context()).all();
    std::uint64_t number = 0;
    {
      const std::lock_guard lock(all->mutex);
      number = ++all->count;
      all->waiting.emplace(number,
                           Waiting::One{std::move(handler), boost::asio::make_work_guard(*shard)});
    }
    boost::asio::post(pool_, [work = std::move(work), number, all = std::move(all)]() mutable {
      std::move(work)();
      const std::lock_guard lock(all->mutex);  // the context stays as long as this holds it
      auto one = all->waiting.extract(number);
      if (!one) return;
      boost::asio::post(
          one.mapped().work.get_executor(),
          [handler = std::move(one.mapped().handler)]() mutable { std::move(handler)(); });
    });
  }

  boost::asio::thread_pool pool_{1};
};

}  // namespace

std::unique_ptr<runtime::Worker> make_worker() { return std::make_unique<ThreadWorker>(); }

}  // namespace prometheus_rsocket::net
