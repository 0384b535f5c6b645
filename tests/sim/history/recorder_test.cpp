#include "sim/history/recorder.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::sim::history {
namespace {

using namespace std::chrono_literals;

constexpr base::Instant kStart{1h};

TEST(Recorder, StampsWhatIsNotedWithThePresentMoment) {
  base::Instant now = kStart;
  Rules rules;
  rules.start = kStart;
  Recorder recorder(rules, [&now] { return now; });
  recorder.note(ProxyStarted{ProxyId{2}});
  now += 5s;
  EXPECT_EQ(recorder.since_start(), 5s);
  recorder.note(Ended{});
  const History history = recorder.take();
  EXPECT_EQ(history.rules.start, kStart);
  ASSERT_EQ(history.entries.size(), 2U);
  EXPECT_EQ(history.entries[0].at, kStart);
  EXPECT_TRUE(std::holds_alternative<ProxyStarted>(history.entries[0].what));
  EXPECT_EQ(history.entries[1].at, kStart + 5s);
}

TEST(Recorder, GivesEveryScrapeAndEveryFaultANumberOfItsOwn) {
  Recorder recorder({}, [] { return kStart; });
  const ScrapeId scrape = recorder.next_scrape();
  const FaultId fault = recorder.next_fault();
  EXPECT_NE(recorder.next_scrape(), scrape);
  EXPECT_NE(recorder.next_fault(), fault);
}

}  // namespace
}  // namespace prometheus_rsocket::sim::history
