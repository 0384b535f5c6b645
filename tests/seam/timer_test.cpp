// Clocks and timers. That something is late is never a failure: real time is only waited for.
#include <chrono>
#include <vector>

#include "seam_test.h"

namespace prometheus_rsocket::seam {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class SeamTimers : public SeamTest {
 protected:
  [[nodiscard]] base::Instant now() { return client().clock.now(); }
  [[nodiscard]] std::unique_ptr<runtime::Timer> make_timer() {
    return client().timers.make_timer();
  }
  [[nodiscard]] Completion<> wait_until(runtime::Timer& timer, base::Instant deadline) {
    Completion<> done(client().executor);
    timer.async_wait_until(deadline, done.handler());
    return done;
  }
  // Everything that was ready before this call has run after it.
  void run_ready() {
    const auto timer = make_timer();
    wait_for(wait_until(*timer, now() + milliseconds(1)));
  }
};

INSTANTIATE_TEST_SUITE_P(Runtimes, SeamTimers, runtimes(), name_of);

TEST_P(SeamTimers, AWaitEndsAtItsDeadlineAndNotBefore) {
  const auto timer = make_timer();
  const auto deadline = now() + milliseconds(3);
  const auto waiting = wait_until(*timer, deadline);
  EXPECT_FALSE(waiting.done());
  wait_for(waiting);
  EXPECT_EQ(waiting.error(), error_code());
  EXPECT_GE(now(), deadline);
  EXPECT_TRUE(waiting.was_on_executor());
}

TEST_P(SeamTimers, WaitsEndInTheOrderOfTheirDeadlines) {
  const auto start = now();
  std::vector<int> ended;
  std::vector<std::unique_ptr<runtime::Timer>> timers;
  for (const int place : {3, 1, 4, 2}) {
    timers.push_back(make_timer());
    timers.back()->async_wait_until(
        start + milliseconds(place),
        boost::asio::bind_executor(client().executor,
                                   [&ended, place](error_code) { ended.push_back(place); }));
  }
  ASSERT_TRUE(stage().run_until([&] { return ended.size() == 4; }));
  EXPECT_THAT(ended, testing::ElementsAre(1, 2, 3, 4));
}

TEST_P(SeamTimers, ADeadlineThatHasPassedEndsTheWaitAtOnceButLater) {
  for (const auto passed : {now(), now() - hours(1), base::Instant::min()}) {
    const auto timer = make_timer();
    const auto waiting = wait_until(*timer, passed);
    EXPECT_FALSE(waiting.done());
    wait_for(waiting);
    EXPECT_EQ(waiting.error(), error_code());
  }
}

TEST_P(SeamTimers, CancelAbortsTheWait) {
  for (const auto deadline : {now() + hours(1), base::Instant::max()}) {
    const auto timer = make_timer();
    const auto waiting = wait_until(*timer, deadline);
    timer->cancel();
    timer->cancel();
    EXPECT_FALSE(waiting.done());
    wait_for(waiting);
    run_ready();
    EXPECT_EQ(waiting.error(), error_code(error::operation_aborted));
    EXPECT_EQ(waiting.calls(), 1);
    EXPECT_LT(now(), deadline);
  }
}

TEST_P(SeamTimers, AWaitCanBeCancelledThroughItsSlot) {
  const auto timer = make_timer();
  boost::asio::cancellation_signal cancel;
  const Completion<> waiting(client().executor);
  timer->async_wait_until(now() + hours(1),
                          boost::asio::bind_cancellation_slot(cancel.slot(), waiting.handler()));
  cancel.emit(boost::asio::cancellation_type::terminal);
  wait_for(waiting);
  EXPECT_EQ(waiting.error(), error_code(error::operation_aborted));
}

TEST_P(SeamTimers, CancelWithoutAWaitDoesNothingToTheNextOne) {
  const auto timer = make_timer();
  timer->cancel();
  const auto waiting = wait_until(*timer, now() + milliseconds(1));
  wait_for(waiting);
  EXPECT_EQ(waiting.error(), error_code());
  timer->cancel();
  const auto again = wait_until(*timer, now());
  wait_for(again);
  EXPECT_EQ(again.error(), error_code());
}

TEST_P(SeamTimers, ATimerCanBeSetAgainFromItsOwnHandler) {
  const auto timer = make_timer();
  std::vector<error_code> ended;
  std::function<void(error_code)> handler = [&](error_code error) {
    ended.push_back(error);
    if (ended.size() == 3) return;
    timer->async_wait_until(now() + (ended.size() == 1 ? hours(1) : hours(0)),
                            boost::asio::bind_executor(client().executor, handler));
    if (ended.size() == 1) timer->cancel();
  };
  timer->async_wait_until(now(), boost::asio::bind_executor(client().executor, handler));
  ASSERT_TRUE(stage().run_until([&] { return ended.size() == 3; }));
  EXPECT_THAT(ended, testing::ElementsAre(error_code(), error_code(error::operation_aborted),
                                          error_code()));
}

TEST_P(SeamTimers, DestroyingATimerDestroysItsHandlerUncalled) {
  auto timer = make_timer();
  const auto waiting = wait_until(*timer, now() + hours(1));
  timer.reset();
  EXPECT_TRUE(waiting.handler_is_gone());
  run_ready();
  EXPECT_FALSE(waiting.done());
}

TEST_P(SeamTimers, DestroyingATimerAfterCancelDestroysItsHandlerUncalled) {
  auto timer = make_timer();
  const auto waiting = wait_until(*timer, now() + hours(1));
  timer->cancel();
  timer.reset();
  EXPECT_TRUE(waiting.handler_is_gone());
  run_ready();
  EXPECT_FALSE(waiting.done());
}

TEST_P(SeamTimers, DestroyingATimerWhoseDeadlineHasComeDestroysItsHandlerUncalled) {
  // Both are due at once: the handler that runs first destroys the timer of the other.
  auto one = make_timer();
  auto other = make_timer();
  const auto due = now();
  int calls = 0;
  const auto lone = [&](std::unique_ptr<runtime::Timer>& rival) {
    return boost::asio::bind_executor(client().executor, [&](error_code) {
      ++calls;
      rival.reset();
    });
  };
  one->async_wait_until(due, lone(other));
  other->async_wait_until(due, lone(one));
  ASSERT_TRUE(stage().run_until([&] { return calls > 0; }));
  run_ready();
  EXPECT_EQ(calls, 1);
}

TEST_P(SeamTimers, AHandlerMayOwnItsTimer) {
  auto timer = make_timer();
  const Completion<> waiting(client().executor);
  auto& set = *timer;
  set.async_wait_until(now(), waiting.handler(std::move(timer)));
  wait_until_gone(waiting);
  EXPECT_EQ(waiting.calls(), 1);
}

TEST_P(SeamTimers, TheClockNeverGoesBack) {
  auto last = now();
  for (int i = 0; i < 100; ++i) {
    run_ready();
    ASSERT_GE(now(), last);
    last = now();
  }
  EXPECT_GT(client().clock.wall_now(),
            base::WallTime(std::chrono::sys_days(std::chrono::year{2025} / 1 / 1)));
}

}  // namespace
}  // namespace prometheus_rsocket::seam
