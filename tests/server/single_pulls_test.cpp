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
    return pulls.pull(kClient, manual.now() + patience,
                      [this, who](PullId, const Reply&) { answered.push_back(who); });
  }
  void reply(PullId id) {
    Reply reply;
    EXPECT_TRUE(pulls.replied(id, reply));
  }

  ManualShard manual;
  std::vector<PullId> asked;
  std::vector<PullId> ended;
  std::vector<std::string> answered;
  SinglePulls pulls{manual.shard(),
                    {.ask = [this](ConnectionId, PullId pull) { asked.push_back(pull); },
                     .end = [this](ConnectionId, PullId pull) { ended.push_back(pull); }}};
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

// Whoever asked again and again for a client that hangs left something behind each time.
TEST_F(SinglePullsTest, OneThatNobodyWaitsForEnds) {
  pulls.forget(pull("first"));
  EXPECT_THAT(ended, ElementsAre(asked.front()));
  manual.run_for(1min);
  EXPECT_THAT(ended, SizeIs(1)) << "it has no deadline any more";
  reply(asked.front());
  EXPECT_THAT(answered, IsEmpty());
}

TEST_F(SinglePullsTest, OneThatSomebodyElseWaitsForGoesOn) {
  const SinglePulls::Wait first = pull("first");
  pull("second");
  pulls.forget(first);
  EXPECT_THAT(ended, IsEmpty());
  reply(asked.front());
  EXPECT_THAT(answered, ElementsAre("second"));
}

TEST_F(SinglePullsTest, OneThatWasEndedIsNotShared) {
  pulls.forget(pull("first"));
  pull("second");
  ASSERT_THAT(asked, SizeIs(2));
  reply(asked.front());
  EXPECT_THAT(answered, IsEmpty());
  reply(asked.back());
  EXPECT_THAT(answered, ElementsAre("second"));
}

TEST_F(SinglePullsTest, ToForgetWhoWasAnsweredIsNothing) {
  const SinglePulls::Wait first = pull("first");
  reply(asked.front());
  pulls.forget(first);
  EXPECT_THAT(ended, IsEmpty());
}

}  // namespace
}  // namespace prometheus_rsocket::server
