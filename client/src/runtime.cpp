#include "prometheus_rsocket/runtime.h"

#include <pthread.h>
#include <unistd.h>

#include <mutex>
#include <utility>

#include "leak.h"
#include "runtime_core.h"
#include "signals_blocked.h"

namespace prometheus_rsocket {
Runtime::Core::Core() : owner(::getpid()), process(1, keys, log) {}

bool Runtime::Core::here() const { return ::getpid() == owner; }

Runtime::Runtime() : core_(std::make_shared<Core>()) {
  const client::SignalsBlocked blocked;
  core_->thread = std::thread([core = core_] { core->process.run(); });
  pthread_setname_np(core_->thread.native_handle(), "prom-rsocket");
}

Runtime::~Runtime() {
  if (!core_->here()) {
    // The thread is the parent's: it can be neither joined nor detached, and what it was doing when
    // fork() came is not to be touched. It is leaked.
    client::leak(std::move(core_));
    return;
  }
  core_->process.stop();
  if (core_->on_thread()) {
    core_->thread.detach();  // a callback held the last client; the thread holds the core
  } else {
    core_->thread.join();
  }
}

std::shared_ptr<Runtime> Runtime::shared() {
  static std::mutex mutex;
  static std::weak_ptr<Runtime> current;
  const std::lock_guard lock(mutex);
  auto runtime = current.lock();
  if (!runtime || !runtime->core()->here()) {
    runtime = std::make_shared<Runtime>();
    current = runtime;
  }
  return runtime;
}

}  // namespace prometheus_rsocket
