#include "end_push.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

#include "base/check.h"
#include "leak.h"
#include "signals_blocked.h"

namespace prometheus_rsocket::client {
namespace {

// What the signal handler sees.
std::atomic<int> wake_fd = -1;
std::atomic<pid_t> owner = 0;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<pid_t>::is_always_lock_free);

enum class Wake : char { kSignal = 's', kStop = 'q' };

void wake(int fd, Wake why) {
  const int kept = errno;
  // The pipe is empty but for this byte: the write neither waits nor fails.
  [[maybe_unused]] const auto written = ::write(fd, &why, 1);
  errno = kept;
}

// A child after fork() inherits handler and pipe, but is not to end its parent.
void on_terminate(int signal) {
  if (::getpid() == owner) {
    wake(wake_fd, Wake::kSignal);
  } else {
    ::signal(signal, SIG_DFL);
    ::raise(signal);  // comes when this handler has returned
  }
}

using Handler = void (*)(int);

void set_handler(Handler handler) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  CHECK(sigaction(SIGTERM, &action, nullptr) == 0, "SIGTERM can be handled");
}

Handler handler() {
  struct sigaction action {};
  CHECK(sigaction(SIGTERM, nullptr, &action) == 0, "SIGTERM has a handler");
  return action.sa_handler;
}

// Ours, be it inherited from a parent, or nobody's: what the program sets for itself it keeps.
bool is_free() { return handler() == SIG_DFL || handler() == &on_terminate; }

// False: the program has set a handler of its own since.
bool reset_handler() {
  if (handler() != &on_terminate) return false;
  set_handler(SIG_DFL);
  return true;
}

}  // namespace

std::shared_ptr<EndPush> EndPush::shared() {
  static std::mutex mutex;
  static std::weak_ptr<EndPush> current;
  const std::lock_guard lock(mutex);
  auto end_push = current.lock();
  if (!end_push || !end_push->here()) {
    end_push = std::make_shared<EndPush>();
    current = end_push;
  }
  return end_push;
}

EndPush::EndPush() {
  if (!is_free()) return;
  if (::pipe2(pipe_, O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2");
  }
  {
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { watch(); });
  }
  owner = owner_;
  wake_fd = pipe_[1];
  set_handler(&on_terminate);
}

EndPush::~EndPush() {
  if (!thread_.joinable()) return;
  if (here()) {
    reset_handler();
    wake(pipe_[1], Wake::kStop);
    thread_.join();
  } else {
    // The thread is the parent's: it can be neither joined nor detached. To close our ends of its
    // pipe does not disturb it.
    leak(std::make_shared<std::thread>(std::move(thread_)));
  }
  ::close(pipe_[0]);
  ::close(pipe_[1]);
}

bool EndPush::here() const { return ::getpid() == owner_; }

void EndPush::add(Pusher& pusher) {
  const std::lock_guard lock(mutex_);
  pushers_.insert(&pusher);
}

void EndPush::remove(Pusher& pusher) {
  const std::lock_guard lock(mutex_);
  pushers_.erase(&pusher);
}

void EndPush::watch() {
  Wake why{};
  while (::read(pipe_[0], &why, 1) < 0 && errno == EINTR) {
  }
  if (why != Wake::kSignal) return;
  {
    const std::lock_guard lock(mutex_);
    for (auto* pusher : pushers_) pusher->start_push();
    for (auto* pusher : pushers_) pusher->wait_for_push();
  }
  // Where the program has set a handler since, that one called ours, and has the last word.
  if (reset_handler()) ::kill(::getpid(), SIGTERM);  // to a thread that takes it
}

}  // namespace prometheus_rsocket::client
