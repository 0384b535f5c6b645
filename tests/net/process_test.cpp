// A process on threads of its own, and what the system asks of it. What one thread shows is in
// tests/seam.
#include "net/process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/write.hpp>
#include <csignal>
#include <future>
#include <set>
#include <string>
#include <thread>

#include "loop.h"

namespace prometheus_rsocket::net {
namespace {

using runtime::error_code;
using runtime::Signal;
using StreamPtr = std::unique_ptr<runtime::Stream>;

// A process that runs on threads until this is destroyed.
class Running {
 public:
  explicit Running(std::size_t shards) : loop_(shards), thread_([this] { loop_.process.run(); }) {}
  ~Running() {
    loop_.process.stop();
    thread_.join();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  [[nodiscard]] Process& process() { return loop_.process; }
  [[nodiscard]] runtime::Shard& shard(std::size_t index) { return loop_.shard(index); }

  // Runs `f` on a shard and waits for what it returns.
  template <class F>
  auto on(std::size_t shard, F f) {
    std::packaged_task<decltype(f())()> task(std::move(f));
    auto result = task.get_future();
    loop_.process.send(0, shard, [t = std::move(task)]() mutable { t(); });
    EXPECT_EQ(result.wait_for(kPatience), std::future_status::ready);
    return result.get();
  }

 private:
  Loop loop_;
  std::thread thread_;
};

// Sends back what comes, until the peer's end.
class Echo : public std::enable_shared_from_this<Echo> {
 public:
  explicit Echo(StreamPtr stream) : stream_(std::move(stream)) {}

  void read() {
    stream_->async_read_some(boost::asio::buffer(buffer_),
                             [self = shared_from_this()](error_code error, std::size_t count) {
                               if (!error) self->write(count);
                             });
  }

 private:
  void write(std::size_t count) {
    boost::asio::async_write(*stream_, boost::asio::buffer(buffer_.data(), count),
                             [self = shared_from_this()](error_code error, std::size_t) {
                               if (!error) self->read();
                             });
  }

  StreamPtr stream_;
  std::array<char, 1024> buffer_{};
};

// A server whose shard 0 accepts for all shards in turn.
class EchoServer {
 public:
  explicit EchoServer(std::size_t shards) : running_(shards) {
    endpoint_ = running_.on(0, [this] {
      const runtime::Endpoint anywhere{boost::asio::ip::make_address("127.0.0.1"), 0};
      listener_ = running_.shard(0).network.listen(anywhere).value();
      accept(0);
      return listener_->local_endpoint();
    });
  }
  ~EchoServer() {
    running_.on(0, [this] { listener_.reset(); });
  }
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

  [[nodiscard]] const runtime::Endpoint& endpoint() const { return endpoint_; }

 private:
  void accept(std::size_t shard) {
    const std::size_t next = (shard + 1) % running_.process().shard_count();
    listener_->async_accept(
        running_.shard(shard).executor,
        boost::asio::bind_executor(
            running_.shard(0).executor, [this, shard, next](error_code error, StreamPtr stream) {
              if (error) return;
              running_.process().send(0, shard, [s = std::move(stream)]() mutable {
                std::make_shared<Echo>(std::move(s))->read();
              });
              accept(next);
            }));
  }

  std::unique_ptr<runtime::Listener> listener_;
  runtime::Endpoint endpoint_;
  Running running_;
};

TEST(NetProcess, EachShardHasAThreadOfItsOwn) {
  Running running(3);
  std::set<std::thread::id> threads;
  for (const std::size_t shard : {0U, 1U, 2U}) {
    const auto id = running.on(shard, [] { return std::this_thread::get_id(); });
    EXPECT_EQ(running.on(shard, [] { return std::this_thread::get_id(); }), id);
    threads.insert(id);
  }
  EXPECT_EQ(threads.size(), 3U);
}

TEST(NetProcess, StopBeforeRunMakesRunReturn) {
  Loop loop(2);
  loop.process.stop();
  loop.process.run();
}

TEST(NetProcess, WhatDidNotRunBeforeStopIsDestroyedUncalled) {
  const auto token = std::make_shared<int>();
  {
    Loop loop(2);
    loop.process.stop();
    for (const std::size_t shard : {0U, 1U}) {
      loop.process.send(0, shard, [token] { ADD_FAILURE() << "it ran"; });
    }
    loop.process.run();
    EXPECT_EQ(token.use_count(), 3);
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(NetProcess, StreamsAreAcceptedOnOneThreadAndLiveOnAnother) {
  const EchoServer server(3);
  Loop client;
  for (int i = 0; i < 12; ++i) {
    const auto stream = client.dial(server.endpoint());
    ASSERT_NE(stream, nullptr);
    const std::string text = "hello from " + std::to_string(i);
    boost::asio::async_write(*stream, boost::asio::buffer(text), [](error_code, std::size_t) {});
    std::string back;
    std::array<char, 64> buffer{};
    std::function<void(error_code, std::size_t)> take = [&](error_code error, std::size_t count) {
      ASSERT_FALSE(error) << error.message();
      back.append(buffer.data(), count);
      if (back.size() < text.size()) stream->async_read_some(boost::asio::buffer(buffer), take);
    };
    stream->async_read_some(boost::asio::buffer(buffer), take);
    client.run_until([&] { return back.size() == text.size(); });
    EXPECT_EQ(back, text);
  }
}

TEST(NetProcess, AShardGoesOnWhileItsKeyIsMade) {
  Loop loop;
  const auto self = std::this_thread::get_id();
  bool made = false;
  bool went_on = false;
  loop.shard().keys.async_make_private_key(
      2048, boost::asio::bind_executor(
                loop.shard().executor,
                [&](error_code error, const std::shared_ptr<const envelope::PrivateKey>& key) {
                  EXPECT_FALSE(error);
                  EXPECT_NE(key, nullptr);
                  EXPECT_EQ(std::this_thread::get_id(), self);
                  made = true;
                }));
  loop.process.send(0, 0, [&] { went_on = !made; });
  loop.run_until([&] { return made; });
  EXPECT_TRUE(went_on);
}

TEST(NetProcess, AKeyOfASizeThatIsNotMadeIsAnError) {
  Loop loop;
  std::optional<error_code> result;
  loop.shard().keys.async_make_private_key(
      12, boost::asio::bind_executor(
              loop.shard().executor,
              [&](error_code error, const std::shared_ptr<const envelope::PrivateKey>& key) {
                EXPECT_EQ(key, nullptr);
                result = error;
              }));
  loop.run_until([&] { return result.has_value(); });
  EXPECT_TRUE(*result);
}

// ---- Signals, each in a child, forked while this program has no thread.

// The child runs `program`, which calls `ready` when a signal may come; this gives how it ended.
int status_of_child(int signal,
                    const std::function<int(const std::function<void()>& ready)>& program) {
  int ready[2] = {-1, -1};
  EXPECT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(program([&] { (void)!::write(ready[1], "r", 1); }));
  }
  ::close(ready[1]);
  char byte = 0;
  EXPECT_EQ(::read(ready[0], &byte, 1), 1) << "the child ended before it was ready";
  ::close(ready[0]);
  ::kill(child, signal);
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

// Exits with 10 and more by the signal that it was given.
int exit_by_signal(const std::function<void()>& ready) {
  Loop loop(2);
  int code = 0;
  loop.process.signals().async_wait(
      boost::asio::bind_executor(loop.shard().executor, [&](error_code, Signal signal) {
        code = 10 + static_cast<int>(signal);
        loop.process.stop();
      }));
  loop.process.send(0, 0, [&] { ready(); });
  loop.process.run();
  return code;
}

TEST(NetSignals, SigtermAndSigintAskToLeaveAndSighupToReload) {
  for (const auto& [number, signal] :
       {std::pair(SIGTERM, Signal::kTerminate), std::pair(SIGINT, Signal::kTerminate),
        std::pair(SIGHUP, Signal::kReload)}) {
    const int status = status_of_child(number, exit_by_signal);
    ASSERT_TRUE(WIFEXITED(status)) << number;
    EXPECT_EQ(WEXITSTATUS(status), 10 + static_cast<int>(signal)) << number;
  }
}

TEST(NetSignals, UntilTheyAreAskedForSignalsAreTheProgramsOwn) {
  const int status = status_of_child(SIGTERM, [](const std::function<void()>& ready) {
    Loop loop;
    loop.process.send(0, 0, [&] { ready(); });
    loop.process.run();
    return 0;
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

}  // namespace
}  // namespace prometheus_rsocket::net
