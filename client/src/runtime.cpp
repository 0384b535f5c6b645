#include "prometheus_rsocket/runtime.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <mutex>
#include <utility>

#include "runtime_core.h"

namespace prometheus_rsocket {
namespace {

// While it lives, threads that are started take no signals.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

Runtime::Core::Core() : owner(::getpid()), process(1, keys, log) {}

bool Runtime::Core::here() const { return ::getpid() == owner; }

Runtime::Runtime() : core_(std::make_shared<Core>()) {
  const SignalsBlocked blocked;
  core_->thread = std::thread([core = core_] { core->process.run(); });
  pthread_setname_np(core_->thread.native_handle(), "prom-rsocket");
}

Runtime::~Runtime() {
  if (!core_->here()) {
    // The thread is the parent's: it can be neither joined nor detached, and what it was doing when
    // fork() came is not to be touched. It is leaked.
    static_cast<void>(new std::shared_ptr<Core>(std::move(core_)));
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
