#include "net/process.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <thread>
#include <vector>

#include "base/check.h"
#include "net/network.h"
#include "net/random.h"
#include "net/signals.h"
#include "net/timer.h"

namespace prometheus_rsocket::net {
namespace {

// Can drop its handlers before it is destroyed: those of one shard may own streams of another.
class Context : public boost::asio::io_context {
 public:
  Context() : io_context(1) {}
  void drop_handlers() { shutdown(); }
};

struct ShardRuntime {
  ShardRuntime(std::size_t index, Context& context, runtime::Keys& keys, runtime::Log& log)
      : timers(context),
        network(context),
        resolver(context),
        work(context.get_executor()),
        shard{index, context.get_executor(), clock, timers, network, resolver, random, keys, log} {}

  SteadyClock clock;
  Timers timers;
  Network network;
  Resolver resolver;
  SystemRandom random;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  runtime::Shard shard;
};

}  // namespace

struct Process::Impl {
  Impl(std::size_t count, runtime::Keys& keys, runtime::Log& log) {
    CHECK(count > 0, "a process has at least one shard");
    for (std::size_t i = 0; i < count; ++i) {
      contexts.push_back(std::make_unique<Context>());
      shards.push_back(std::make_unique<ShardRuntime>(i, *contexts.back(), keys, log));
    }
  }
  ~Impl() {
    for (auto& context : contexts) context->drop_handlers();
  }

  std::vector<std::unique_ptr<Context>> contexts;
  std::vector<std::unique_ptr<ShardRuntime>> shards;
  std::unique_ptr<Signals> signals;  // null: not asked for
};

Process::Process(std::size_t shard_count, runtime::Keys& keys, runtime::Log& log)
    : impl_(std::make_unique<Impl>(shard_count, keys, log)) {}

Process::~Process() = default;

std::size_t Process::shard_count() const { return impl_->shards.size(); }

runtime::Shard& Process::shard(std::size_t index) { return impl_->shards.at(index)->shard; }

runtime::Signals& Process::signals() {
  if (!impl_->signals) impl_->signals = std::make_unique<Signals>(*impl_->contexts.front());
  return *impl_->signals;
}

void Process::send(std::size_t /*from*/, std::size_t to, runtime::Handler<void()> task) {
  boost::asio::post(*impl_->contexts.at(to), [t = std::move(task)]() mutable { std::move(t)(); });
}

void Process::run() {
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < impl_->contexts.size(); ++i) {
    threads.emplace_back([context = impl_->contexts[i].get()] { context->run(); });
  }
  impl_->contexts.front()->run();
}

void Process::stop() {
  for (auto& context : impl_->contexts) context->stop();
}

bool Process::poll(base::Duration wait) {
  std::size_t ran = 0;
  for (auto& context : impl_->contexts) ran += context->poll();
  if (ran == 0) ran = impl_->contexts.front()->run_one_for(wait);
  return ran > 0;
}

}  // namespace prometheus_rsocket::net
