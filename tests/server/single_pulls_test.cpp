#include "server/single_pulls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "manual_shard.h"
#include "server/limits.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr ConnectionId kClient{0, 1};

struct SinglePullsTest : testing::Test {
  SinglePulls::Wait pull(const std::string& who, base::Duration patience = 10s) {
    return pulls.pull(kClient, manual.now() + patience, [this, who](PullId, Reply reply) {
      answered.push_back(who);
      last = std::move(reply);
    });
  }
  void reply(PullId id) {
    Reply reply;
    EXPECT_TRUE(pulls.replied(id, reply));
  }

  ManualShard manual;
  std::vector<PullId> asked;
  std::vector<PullId> ended;
  std::vector<PullId> cancelled;
  std::vector<base::Duration> late;
  std::vector<std::string> answered;
  Reply last;
  SinglePulls pulls{
      manual.shard(),
      {.ask = [this](ConnectionId, PullId pull) { asked.push_back(pull); },
       .end = [this](ConnectionId, PullId pull) { ended.push_back(pull); },
       .cancel = [this](ConnectionId, PullId pull) { cancelled.push_back(pull); },
       .late = [this](ConnectionId, const ScrapeRecord& record) { late.push_back(record.took); }}};
};

TEST_F(SinglePullsTest, ThoseThatComeCloseTogetherShareOne) {
  pull("first");
  manual.run_for(kPullSharing);
  pull("second");
  ASSERT_THAT(asked, SizeIs(1));
  reply(asked.front());
  EXPECT_THAT(answered, ElementsAre("first", "second"));
}

TEST_F(SinglePullsTest, OneEndsAtItsDeadlineAndItsReplyIsHeardStill) {
  pull("first", 10s);
  manual.run_for(10s);
  ASSERT_THAT(ended, ElementsAre(asked.front()));
  EXPECT_THAT(answered, IsEmpty());
  reply(asked.front());
  EXPECT_THAT(answered, ElementsAre("first"));
}

// A stranger with 20 ms for a client kept a Prometheus with 10 s from all that were slower.
TEST_F(SinglePullsTest, WhoGivesAClientLessTimeTakesNoneFromOthers) {
  pull("hasty", 20ms);
  manual.run_for(10ms);
  pull("patient", 10s);
  ASSERT_THAT(asked, SizeIs(1));
  manual.run_for(10ms);
  EXPECT_THAT(answered, ElementsAre("hasty"));
  EXPECT_EQ(last.record.outcome, PullOutcome::kTimeout);
  EXPECT_EQ(last.record.took, 20ms);
  EXPECT_THAT(late, ElementsAre(20ms));
  EXPECT_THAT(ended, IsEmpty()) << "it may answer still";
  manual.run_for(1s);
  reply(asked.back());
  EXPECT_THAT(answered, ElementsAre("hasty", "patient"));
}

TEST_F(SinglePullsTest, WhoHasLittleTimeWaitsForNobodysElse) {
  pull("patient", 10s);
  manual.run_for(10ms);
  pull("hasty", 20ms);
  manual.run_for(20ms);
  EXPECT_THAT(answered, ElementsAre("hasty"));
  manual.run_for(10s);
  EXPECT_THAT(ended, ElementsAre(asked.back())) << "when the last one's time is over";
}

TEST_F(SinglePullsTest, OneThatHasEndedIsNotShared) {
  pull("first", 20ms);
  manual.run_for(20ms);
  pull("second");
  EXPECT_THAT(asked, SizeIs(2));
}

// Whoever asked again and again for a client that hangs left something behind each time.
TEST_F(SinglePullsTest, OneThatNobodyWaitsForIsCancelled) {
  pulls.forget(pull("first"));
  EXPECT_THAT(cancelled, ElementsAre(asked.front()));
  manual.run_for(1min);
  EXPECT_THAT(ended, IsEmpty()) << "it has no deadline any more";
  Reply reply;
  EXPECT_FALSE(pulls.replied(asked.front(), reply)) << "it was on its way";
  EXPECT_THAT(answered, IsEmpty());
}

TEST_F(SinglePullsTest, OneThatSomebodyElseWaitsForGoesOn) {
  const SinglePulls::Wait first = pull("first");
  pull("second");
  pulls.forget(first);
  EXPECT_THAT(cancelled, IsEmpty());
  reply(asked.front());
  EXPECT_THAT(answered, ElementsAre("second"));
}

TEST_F(SinglePullsTest, OneThatWasCancelledIsNotShared) {
  pulls.forget(pull("first"));
  pull("second");
  ASSERT_THAT(asked, SizeIs(2));
  reply(asked.back());
  EXPECT_THAT(answered, ElementsAre("second"));
}

TEST_F(SinglePullsTest, ToForgetWhoWasAnsweredIsNothing) {
  const SinglePulls::Wait first = pull("first");
  reply(asked.front());
  pulls.forget(first);
  EXPECT_THAT(cancelled, IsEmpty());
}

}  // namespace
}  // namespace prometheus_rsocket::server
