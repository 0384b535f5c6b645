// What waiting and messages cost: alarms (runtime/alarm.h) and timers of lib/net while 20,000 of
// them wait, as many as there are connections at most; tasks posted to a shard, and sent from one
// to another. Items are operations.
//
//   build/release/bench/runtime_bench
#include <benchmark/benchmark.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "base/check.h"
#include "net/keys.h"
#include "net/log.h"
#include "net/process.h"
#include "runtime/alarm.h"

namespace prometheus_rsocket {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kWaiting = 20'000;
constexpr std::int64_t kBatch = 1000;  // operations between two turns of the event loop

// A process whose shards' work is done when the benchmark says so.
class Loop {
 public:
  explicit Loop(std::size_t shards = 1)
      : keys_(net::make_keys()),
        log_(net::make_stderr_log(runtime::LogLevel::kError, net::LogFormat::kLogfmt)),
        process_(shards, *keys_, *log_) {}

  net::Process& process() { return process_; }
  runtime::Shard& shard() { return process_.shard(0); }
  void run_what_is_ready() {
    while (process_.poll(0ms)) {
    }
  }

 private:
  std::unique_ptr<runtime::Keys> keys_;
  std::unique_ptr<runtime::Log> log_;
  net::Process process_;
};

// Moments far away and in no order, as those of connections that are alive: none comes while a
// benchmark runs.
class Moments {
 public:
  explicit Moments(const runtime::Shard& shard) : begin_(shard.clock.now() + 1h) {}
  base::Instant next() { return begin_ + std::chrono::milliseconds(engine_() % 3'600'000); }
  base::Instant before_all() { return first_ -= 1us; }  // earlier with each call
  base::Instant after_all() { return begin_ + 2h; }

 private:
  const base::Instant begin_;
  base::Instant first_ = begin_;
  std::mt19937_64 engine_{1};
};

void count(benchmark::State& state, std::int64_t operations) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * operations);
}

class Alarms {
 public:
  explicit Alarms(Loop& loop) : moments(loop.shard()) {
    for (std::size_t i = 0; i < kWaiting; ++i) {
      all_.push_back(std::make_unique<runtime::Alarm>(
          loop.shard(), [] { CHECK(false, "no alarm comes while they are measured"); }));
      all_.back()->set(moments.next());
    }
  }
  // One after the other, over and over.
  std::unique_ptr<runtime::Alarm>& next() { return all_[at_++ % all_.size()]; }

  Moments moments;

 private:
  std::vector<std::unique_ptr<runtime::Alarm>> all_;
  std::size_t at_ = 0;
};

// What every frame does to its connection's deadline.
void alarm_moved_away(benchmark::State& state) {
  Loop loop;
  Alarms alarms(loop);
  const base::Instant later = alarms.moments.after_all();
  for (auto _ : state) alarms.next()->set(later);
  count(state, 1);
}

// The timer is cancelled and waits anew.
void alarm_moved_closer(benchmark::State& state) {
  Loop loop;
  Alarms alarms(loop);
  for (auto _ : state) {
    for (std::int64_t i = 0; i < kBatch; ++i) alarms.next()->set(alarms.moments.before_all());
    loop.run_what_is_ready();
  }
  count(state, kBatch);
}

void alarm_cleared_and_set(benchmark::State& state) {
  Loop loop;
  Alarms alarms(loop);
  const base::Instant later = alarms.moments.after_all();
  for (auto _ : state) {
    runtime::Alarm& alarm = *alarms.next();
    alarm.clear();
    alarm.set(later);
  }
  count(state, 1);
}

// A connection ends and another one comes.
void alarm_replaced(benchmark::State& state) {
  Loop loop;
  Alarms alarms(loop);
  for (auto _ : state) {
    for (std::int64_t i = 0; i < kBatch; ++i) {
      auto& alarm = alarms.next();
      alarm = std::make_unique<runtime::Alarm>(loop.shard(), [] {});
      alarm->set(alarms.moments.next());
    }
    loop.run_what_is_ready();
  }
  count(state, kBatch);
}

class Timers {
 public:
  explicit Timers(Loop& loop) : moments(loop.shard()), shard_(loop.shard()) {
    for (std::size_t i = 0; i < kWaiting; ++i) {
      all_.push_back(shard_.timers.make_timer());
      wait(*all_.back(), moments.next());
    }
  }
  void wait(runtime::Timer& timer, base::Instant until) {
    timer.async_wait_until(
        until, boost::asio::bind_executor(shard_.executor, [this](runtime::error_code error) {
          if (!error) ++came_;
        }));
  }
  runtime::Timer& next() { return *all_[at_++ % all_.size()]; }
  [[nodiscard]] std::size_t came() const { return came_; }

  Moments moments;

 private:
  runtime::Shard& shard_;
  std::vector<std::unique_ptr<runtime::Timer>> all_;
  std::size_t at_ = 0;
  std::size_t came_ = 0;
};

void timer_cancelled_and_set(benchmark::State& state) {
  Loop loop;
  Timers timers(loop);
  for (auto _ : state) {
    for (std::int64_t i = 0; i < kBatch; ++i) {
      runtime::Timer& timer = timers.next();
      timer.cancel();
      timers.wait(timer, timers.moments.next());
    }
    loop.run_what_is_ready();
  }
  CHECK(timers.came() == 0, "no timer comes while they are measured");
  count(state, kBatch);
}

// Timers that come at once, while the others wait.
void timer_comes(benchmark::State& state) {
  Loop loop;
  Timers timers(loop);
  std::vector<std::unique_ptr<runtime::Timer>> due;
  for (std::int64_t i = 0; i < kBatch; ++i) due.push_back(loop.shard().timers.make_timer());
  const base::Instant past = loop.shard().clock.now();
  for (auto _ : state) {
    const std::size_t wanted = timers.came() + due.size();
    for (const auto& timer : due) timers.wait(*timer, past);
    while (timers.came() < wanted) loop.run_what_is_ready();
  }
  count(state, kBatch);
}

void clock_read(benchmark::State& state) {
  Loop loop;
  for (auto _ : state) benchmark::DoNotOptimize(loop.shard().clock.now());
  count(state, 1);
}

void post_to_shard(benchmark::State& state) {
  Loop loop;
  std::int64_t ran = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < kBatch; ++i) {
      boost::asio::post(loop.shard().executor, [&ran] { ++ran; });
    }
    loop.run_what_is_ready();
  }
  CHECK(ran == static_cast<std::int64_t>(state.iterations()) * kBatch, "all have run");
  count(state, kBatch);
}

// One thread plays both shards: the message itself, without the other thread's waking up.
void send_to_other_shard(benchmark::State& state) {
  Loop loop(2);
  std::int64_t ran = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < kBatch; ++i) loop.process().send(0, 1, [&ran] { ++ran; });
    loop.run_what_is_ready();
  }
  CHECK(ran == static_cast<std::int64_t>(state.iterations()) * kBatch, "all have run");
  count(state, kBatch);
}

// The same with a thread each, both busy. CPU is that of both. (One message there and back is for
// the most part the kernel waking threads up, and differs sixfold from run to run.)
void send_between_threads(benchmark::State& state) {
  constexpr std::int64_t kMessages = 100'000;  // a process and its thread are made for so many
  for (auto _ : state) {
    Loop loop(2);
    net::Process& process = loop.process();
    std::int64_t ran = 0;
    for (std::int64_t i = 0; i < kMessages; ++i) {
      process.send(1, 0, [&process, &ran] {
        process.send(0, 1, [&process, &ran] {
          if (++ran == kMessages) process.stop();
        });
      });
    }
    process.run();
    CHECK(ran == kMessages, "all have run");
  }
  count(state, 2 * kMessages);
}

BENCHMARK(alarm_moved_away);
BENCHMARK(alarm_moved_closer)->Unit(benchmark::kMicrosecond);
BENCHMARK(alarm_cleared_and_set);
BENCHMARK(alarm_replaced)->Unit(benchmark::kMicrosecond);
BENCHMARK(timer_cancelled_and_set)->Unit(benchmark::kMicrosecond);
BENCHMARK(timer_comes)->Unit(benchmark::kMicrosecond);
BENCHMARK(clock_read);
BENCHMARK(post_to_shard)->Unit(benchmark::kMicrosecond);
BENCHMARK(send_to_other_shard)->Unit(benchmark::kMicrosecond);
BENCHMARK(send_between_threads)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

}  // namespace
}  // namespace prometheus_rsocket
