// Pushes when the process is told to end: SIGTERM first makes every client that asked for it push,
// and then takes its course.
//
// One for the process, as long as such clients exist. The signal wakes a thread of its own, since
// next to nothing may be done in a signal handler, and nothing that waits on a Runtime's.
#pragma once

#include <unistd.h>

#include <csignal>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

namespace prometheus_rsocket::client {

class EndPush {
 public:
  class Pusher {
   public:
    virtual ~Pusher() = default;
    virtual void start_push() = 0;
    virtual void wait_for_push() = 0;  // at most the client's timeout
  };

  // The process's own, made when nobody holds it. Throws std::system_error when the system gives no
  // thread or pipe. A program that handles SIGTERM itself, from before or later, keeps its
  // handler: nothing happens then. A child after fork() has one of its own.
  static std::shared_ptr<EndPush> shared();

  EndPush();
  ~EndPush();  // SIGTERM ends the process again
  EndPush(const EndPush&) = delete;
  EndPush& operator=(const EndPush&) = delete;

  void add(Pusher& pusher);
  // Waits while pushing is under way.
  void remove(Pusher& pusher);

 private:
  [[nodiscard]] bool here() const;  // in the process that made it
  void watch();

  const pid_t owner_ = ::getpid();
  int pipe_[2] = {-1, -1};
  std::mutex mutex_;
  std::set<Pusher*> pushers_;
  std::thread thread_;
};

}  // namespace prometheus_rsocket::client
