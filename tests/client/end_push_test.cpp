// What is pushed when a program ends, by itself or by SIGTERM. The programs are children, forked
// before this process has any thread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>

#include "prometheus_rsocket/client.h"
#include "test_proxy.h"

namespace prometheus_rsocket::client {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr std::chrono::seconds kPatience{20};

// A child process that runs `program` once it is told the proxy's port.
class Child {
 public:
  explicit Child(const std::function<int(std::uint16_t port)>& program) {
    EXPECT_EQ(pipe(pipe_), 0);
    pid_ = fork();
    if (pid_ != 0) return;
    std::uint16_t port = 0;
    if (read(pipe_[0], &port, sizeof port) != sizeof port) _exit(99);
    _exit(program(port));
  }
  ~Child() {
    close(pipe_[0]);
    close(pipe_[1]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void start(std::uint16_t port) const {
    EXPECT_EQ(write(pipe_[1], &port, sizeof port), static_cast<ssize_t>(sizeof port));
  }
  void terminate() const { kill(pid_, SIGTERM); }
  [[nodiscard]] int wait() const {
    int status = -1;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    return status;
  }

 private:
  int pipe_[2] = {-1, -1};
  pid_t pid_ = -1;
};

Client connect_to(std::uint16_t port, const std::string& text = "up 1\n") {
  return Client::Builder()
      .host("127.0.0.1")
      .port(port)
      .timeout(kPatience)
      .push_at_end(true)
      .metrics([text] { return text; })
      .connect_blockingly();
}

TEST(EndPush, AClientThatIsDestroyedPushesFirst) {
  const Child child([](std::uint16_t port) {
    const auto client = connect_to(port);
    return client.status() == Status::kReady ? 0 : 1;
  });
  TestProxy proxy;
  child.start(proxy.port());
  EXPECT_EQ(child.wait(), 0);
  EXPECT_THAT(proxy.seen().pushes, ElementsAre("up 1\n"));
}

TEST(EndPush, SigtermMakesAllClientsPushAndThenEndsTheProcess) {
  const Child child([](std::uint16_t port) {
    const auto first = connect_to(port);
    const auto second = connect_to(port);
    for (;;) pause();
    return 0;
  });
  TestProxy proxy;
  child.start(proxy.port());
  proxy.wait_until([](const auto& seen) { return seen.connections == 2; });
  EXPECT_EQ(proxy.scrape(), "up 1\n");
  child.terminate();
  const int status = child.wait();
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
  EXPECT_THAT(proxy.seen().pushes, ElementsAre("up 1\n", "up 1\n"));
}

TEST(EndPush, AProgramThatHandlesSigtermKeepsItsHandler) {
  const Child child([](std::uint16_t port) {
    static volatile std::sig_atomic_t handled = 0;
    std::signal(SIGTERM, [](int) { handled = 1; });
    const auto client = connect_to(port);
    std::raise(SIGTERM);
    return handled == 1 ? 0 : 1;
  });
  TestProxy proxy;
  child.start(proxy.port());
  EXPECT_EQ(child.wait(), 0);
  EXPECT_THAT(proxy.seen().pushes, ElementsAre("up 1\n"));  // at its destruction
}

// The usual order in a main(): metrics first, then the server and its graceful shutdown.
TEST(EndPush, AProgramThatHandlesSigtermLaterKeepsItsHandlerToo) {
  const Child child([](std::uint16_t port) {
    static volatile std::sig_atomic_t handled = 0;
    {
      const auto client = connect_to(port);
      std::signal(SIGTERM, [](int) { handled = 1; });
    }
    std::raise(SIGTERM);
    return handled == 1 ? 0 : 1;
  });
  TestProxy proxy;
  child.start(proxy.port());
  EXPECT_EQ(child.wait(), 0);
}

// A server that forks its workers, each with a client of its own.
TEST(EndPush, AWorkerThatWasForkedPushesOnSigterm) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP()
      << "ThreadSanitizer ends a forked process that starts a thread: no worker was forked";
#endif
  const Child child([](std::uint16_t port) {
    const auto parent = connect_to(port, "parent 1\n");
    const pid_t worker = fork();
    if (worker == 0) {
      const auto client = connect_to(port, "worker 1\n");
      if (client.status() != Status::kReady) _exit(3);
      kill(getpid(), SIGTERM);
      for (;;) pause();
    }
    int status = -1;
    waitpid(worker, &status, 0);
    return WIFSIGNALED(status) ? 0 : 2;
  });
  TestProxy proxy;
  child.start(proxy.port());
  EXPECT_EQ(child.wait(), 0);
  EXPECT_THAT(proxy.seen().pushes, UnorderedElementsAre("parent 1\n", "worker 1\n"));
}

}  // namespace
}  // namespace prometheus_rsocket::client
