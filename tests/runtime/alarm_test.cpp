// An alarm in virtual time: it goes off at its deadline, however often that was moved before.
#include "runtime/alarm.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/asio/post.hpp>
#include <optional>
#include <vector>

#include "sim/world.h"

namespace prometheus_rsocket::runtime {
namespace {

using namespace std::chrono_literals;

struct AlarmTest : testing::Test {
  [[nodiscard]] base::Instant after(base::Duration time) const { return start + time; }
  [[nodiscard]] std::vector<base::Duration> rung_for(base::Duration time) {
    world.run_for(time);
    return rung;
  }

  sim::World world{1};
  sim::Process& process = world.add_process(sim::ip("10.0.0.1"));
  base::Instant start = world.now();
  std::vector<base::Duration> rung;
  std::optional<Alarm> alarm{std::in_place, process.shard(0),
                             [this] { rung.push_back(world.now() - start); }};
  using Times = std::vector<base::Duration>;
};

TEST_F(AlarmTest, RingsOnceAtItsDeadline) {
  alarm->set(after(5s));
  EXPECT_EQ(rung_for(1h), Times{5s});
}

TEST_F(AlarmTest, IsSilentWhenNeverSet) { EXPECT_EQ(rung_for(1h), Times{}); }

TEST_F(AlarmTest, RingsAtTheLastDeadlineWhenThatWasMovedAway) {
  for (const auto deadline : {5s, 7s, 9s}) alarm->set(after(deadline));
  EXPECT_EQ(rung_for(1h), Times{9s});
}

TEST_F(AlarmTest, RingsAtTheLastDeadlineWhenThatWasMovedNearer) {
  for (const auto deadline : {9s, 7s, 5s}) alarm->set(after(deadline));
  EXPECT_EQ(rung_for(1h), Times{5s});
}

TEST_F(AlarmTest, RingsAtOnceForADeadlineThatHasPassedButNeverFromWithinSet) {
  world.run_for(10s);
  alarm->set(after(5s));
  EXPECT_TRUE(rung.empty());
  EXPECT_EQ(rung_for(0s), Times{10s});
}

TEST_F(AlarmTest, IsSilentOnceCleared) {
  alarm->set(after(5s));
  alarm->clear();
  EXPECT_EQ(rung_for(1h), Times{});
}

TEST_F(AlarmTest, CanBeSetAgainAfterItWasCleared) {
  alarm->set(after(5s));
  alarm->clear();
  alarm->set(after(8s));
  EXPECT_EQ(rung_for(1h), Times{8s});
}

TEST_F(AlarmTest, MaySetItselfAgainAsItRings) {
  alarm.emplace(process.shard(0), [this] {
    rung.push_back(world.now() - start);
    if (rung.size() < 3) alarm->set(world.now() + 2s);
  });
  alarm->set(after(1s));
  EXPECT_EQ(rung_for(1h), (Times{1s, 3s, 5s}));
}

TEST_F(AlarmTest, MayBeDestroyedAsItRings) {
  alarm.emplace(process.shard(0), [this] {
    rung.push_back(world.now() - start);
    alarm->set(world.now() + 2s);
    alarm.reset();
  });
  alarm->set(after(1s));
  EXPECT_EQ(rung_for(1h), Times{1s});
}

TEST_F(AlarmTest, IsSilentOnceDestroyedEvenIfItWasDue) {
  alarm->set(after(5s));
  boost::asio::post(process.shard(0).executor, [this] { alarm->set(start); });
  ASSERT_TRUE(world.run_until([this, calls = 0]() mutable { return ++calls > 1; }));
  alarm.reset();
  EXPECT_EQ(rung_for(1h), Times{});
}

TEST_F(AlarmTest, LeavesNothingToDoOnceDestroyed) {
  alarm->set(after(5s));
  alarm->clear();
  alarm.reset();
  EXPECT_TRUE(world.run_until_idle(1s));
}

// So that every frame may push a deadline ahead.
TEST_F(AlarmTest, CostsOneWakeUpADeadlineHoweverOftenItIsMovedAway) {
  alarm->set(after(10s));
  world.run_for(1s);
  const auto events = world.events();
  for (int i = 0; i < 1000; ++i) alarm->set(after(10s + std::chrono::milliseconds(i)));
  world.run_for(8s);
  EXPECT_EQ(world.events(), events);
  (void)rung_for(1h);
  EXPECT_EQ(rung, Times{10'999ms});
  EXPECT_LE(world.events(), events + 4);  // two waits, each a timer's event and its handler
}

RC_GTEST_PROP(AlarmProperty, RingsWhenTheDeadlineLastSetHasCome, ()) {
  sim::World world(1);
  runtime::Shard& shard = world.add_process(sim::ip("10.0.0.1")).shard(0);
  std::optional<base::Instant> deadline;  // what a reader of the header would expect
  Alarm alarm(shard, [&] {
    RC_ASSERT(deadline.has_value());
    RC_ASSERT(world.now() == *deadline);
    deadline.reset();
  });
  for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 30))) {
    if (step < 15) {
      deadline = world.now() + std::chrono::seconds(1 + step);
      alarm.set(*deadline);
    } else if (step < 20) {
      deadline.reset();
      alarm.clear();
    } else {
      world.run_for(std::chrono::milliseconds(250 * (step - 19)));
      RC_ASSERT(!deadline || *deadline > world.now());
    }
  }
  world.run_for(1min);
  RC_ASSERT(!deadline);
}

}  // namespace
}  // namespace prometheus_rsocket::runtime
