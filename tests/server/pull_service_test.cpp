#include "server/pull_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "manual_shard.h"
#include "server/limits.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// A service with one shard of clients behind it, which the test plays.
class PullServiceTest : public testing::Test {
 protected:
  // Starts a scrape; what it got is in `pages` when it has it.
  PullService::Wait scrape(base::Duration timeout) {
    const auto wait = service.pull(manual.now() + timeout, [this](PullService::Pulled pulled) {
      std::vector<std::uint64_t> clients;
      for (const Reply& reply : pulled.replies) clients.push_back(reply.client.serial);
      pages.push_back(clients);
      answered_at.push_back(manual.now() - base::Instant{});
    });
    manual.run_for(0ms);
    return wait;
  }
  // Client `serial`, connected since second `serial` of the process, answers the last pull.
  void reply(std::uint64_t serial, bool tardy = false) { reply_with(0, serial, tardy); }
  // … with so many bytes.
  void reply_with(std::size_t bytes, std::uint64_t serial, bool tardy = false) {
    auto exposition = std::make_shared<Exposition>(Exposition{std::string(bytes, 'x'), {}});
    kept.push_back(exposition);
    service.pull_replied(asked.back(), {base::Instant(std::chrono::seconds(serial)),
                                        {.shard = 0, .serial = serial},
                                        tardy,
                                        std::move(exposition)});
    manual.run_for(0ms);
  }
  [[nodiscard]] std::size_t kept_bytes() const {
    std::size_t bytes = 0;
    for (const auto& watched : kept) {
      if (const auto exposition = watched.lock()) bytes += exposition->page_bytes();
    }
    return bytes;
  }

  static constexpr std::uint64_t kBytesMax = 1000;

  ManualShard manual;
  std::vector<PullId> asked;
  std::vector<PullId> ended;
  std::vector<PullId> cancelled;
  std::vector<std::vector<std::uint64_t>> pages;
  std::vector<base::Duration> answered_at;
  std::vector<std::weak_ptr<const Exposition>> kept;
  PullService service{manual.shard(),
                      {.count = 1,
                       .ask = [this](PullId pull) { asked.push_back(pull); },
                       .end = [this](PullId pull) { ended.push_back(pull); },
                       .cancel = [this](PullId pull) { cancelled.push_back(pull); }},
                      kBytesMax};
};

TEST_F(PullServiceTest, AnswersWhenAllAreInTheLongestConnectedFirst) {
  scrape(10s);
  service.pull_asked(asked.back(), 2, 0);
  reply(2);
  EXPECT_THAT(pages, IsEmpty());
  reply(1);
  EXPECT_THAT(pages, ElementsAre(ElementsAre(1, 2)));
  EXPECT_THAT(answered_at, ElementsAre(0s));
}

TEST_F(PullServiceTest, AnswersAtOnceWhenThereIsNobody) {
  scrape(10s);
  service.pull_asked(asked.back(), 0, 0);
  manual.run_for(0ms);
  EXPECT_THAT(pages, ElementsAre(IsEmpty()));
}

TEST_F(PullServiceTest, GoesWithoutTheSlowAtTheDeadline) {
  scrape(10s);
  service.pull_asked(asked.back(), 2, 0);
  reply(1);
  manual.run_for(11s);
  EXPECT_THAT(pages, ElementsAre(ElementsAre(1)));
  EXPECT_THAT(answered_at, ElementsAre(10s));
  EXPECT_EQ(ended, asked) << "the shards are told who is late";
}

TEST_F(PullServiceTest, WaitsForTheTardyOnlyAGraceBeyondTheRest) {
  scrape(10s);
  service.pull_asked(asked.back(), 2, 1);
  manual.run_for(1s);
  reply(1);
  manual.run_for(9s);
  EXPECT_THAT(pages, ElementsAre(ElementsAre(1)));
  EXPECT_THAT(answered_at, ElementsAre(1s + kTardyGrace));
}

TEST_F(PullServiceTest, TakesTheTardyWhoIsInTime) {
  scrape(10s);
  service.pull_asked(asked.back(), 2, 1);
  reply(2, true);
  EXPECT_THAT(pages, IsEmpty());
  reply(1);
  EXPECT_THAT(pages, ElementsAre(ElementsAre(1, 2)));
}

TEST_F(PullServiceTest, ScrapesCloseTogetherShareAPull) {
  scrape(10s);
  service.pull_asked(asked.back(), 1, 0);
  manual.run_for(kPullSharing);
  scrape(10s);
  EXPECT_EQ(asked.size(), 1U);
  reply(1);
  EXPECT_THAT(pages, ElementsAre(ElementsAre(1), ElementsAre(1)));
}

TEST_F(PullServiceTest, WhatAPullHasNotBroughtYetIsExpectedBesideTheNext) {
  scrape(10s);
  service.pull_asked(asked.back(), 1, 0);
  reply_with(600, 1);
  manual.run_for(2 * kPullSharing);
  EXPECT_EQ(service.bytes_expected(), 600U);
  scrape(10s);
  service.pull_asked(asked.back(), 2, 0);
  manual.run_for(2 * kPullSharing);
  EXPECT_EQ(service.bytes_expected(), 1200U);
  reply_with(200, 1);
  EXPECT_EQ(service.bytes_expected(), 1000U);
}

TEST_F(PullServiceTest, AScrapeSharesAPullThatHasJustEnded) {
  scrape(10s);
  service.pull_asked(asked.back(), 1, 0);
  reply(1);
  manual.run_for(kPullSharing / 2);
  scrape(10s);
  EXPECT_EQ(asked.size(), 1U);
  EXPECT_THAT(pages, ElementsAre(ElementsAre(1), ElementsAre(1)));
}

TEST_F(PullServiceTest, ALaterScrapePullsAnewAndAnEarlierReplyIsNotOnItsPage) {
  scrape(10s);
  service.pull_asked(asked.back(), 1, 0);
  manual.run_for(kPullSharing + 1ms);
  scrape(10s);
  ASSERT_EQ(asked.size(), 2U);
  service.pull_asked(asked[1], 1, 0);
  service.pull_replied(asked[0], {{}, {0, 1}, false, std::make_shared<Exposition>()});
  manual.run_for(0ms);
  EXPECT_THAT(pages, ElementsAre(ElementsAre(1))) << "the first scrape has its answer";
  reply(1);
  EXPECT_EQ(pages.size(), 2U);
}

TEST_F(PullServiceTest, OfScrapesThatShareAPullEachHasItsOwnDeadline) {
  scrape(2s);
  scrape(5s);
  service.pull_asked(asked.back(), 2, 0);
  reply(1);
  manual.run_for(3s);
  EXPECT_THAT(pages, ElementsAre(ElementsAre(1)));
  reply(2);
  EXPECT_THAT(pages, ElementsAre(ElementsAre(1), ElementsAre(1, 2)));
  EXPECT_THAT(answered_at, ElementsAre(2s, 3s));
}

TEST_F(PullServiceTest, WhoIsHurriedGoesWithWhatThereIsAndTheOthersWaitOn) {
  const auto hurried = scrape(10s);
  scrape(10s);
  service.pull_asked(asked.back(), 2, 0);
  reply(1);
  manual.run_for(3s);
  EXPECT_TRUE(service.hurry(hurried));
  manual.run_for(0ms);
  EXPECT_THAT(pages, ElementsAre(ElementsAre(1)));
  EXPECT_THAT(ended, IsEmpty());
  EXPECT_FALSE(service.hurry(hurried)) << "it has its page";
  reply(2);
  EXPECT_THAT(pages, ElementsAre(ElementsAre(1), ElementsAre(1, 2)));
  EXPECT_THAT(answered_at, ElementsAre(3s, 3s));
}

TEST_F(PullServiceTest, WhoHasNotRepliedIsLateIfAnotherHadTheirTimeBefore) {
  const auto hurried = scrape(100s);
  scrape(10s);
  service.pull_asked(asked.back(), 1, 0);
  manual.run_for(20s);
  EXPECT_TRUE(service.hurry(hurried));
  manual.run_for(0ms);
  EXPECT_THAT(ended, ElementsAre(asked.back()));
  EXPECT_THAT(cancelled, IsEmpty());
}

TEST_F(PullServiceTest, WhoHasNotRepliedIsNotLateForOneThatWasHurried) {
  const auto hurried = scrape(10s);
  service.pull_asked(asked.back(), 1, 0);
  manual.run_for(3s);
  EXPECT_TRUE(service.hurry(hurried));
  manual.run_for(0ms);
  EXPECT_THAT(pages, ElementsAre(IsEmpty()));
  EXPECT_THAT(cancelled, ElementsAre(asked.back()));
  EXPECT_THAT(ended, IsEmpty());
}

TEST_F(PullServiceTest, AClientThatIsGoneIsNotOnASharedPage) {
  scrape(10s);
  service.pull_asked(asked.back(), 2, 0);
  reply(1);
  reply(2);
  service.client_ended({0, 1});
  scrape(10s);
  EXPECT_THAT(pages, ElementsAre(ElementsAre(1, 2), ElementsAre(2)));
}

TEST_F(PullServiceTest, KeepsNothingOnceItCannotBeShared) {
  auto exposition = std::make_shared<Exposition>();
  const std::weak_ptr<Exposition> watched = exposition;
  scrape(10s);
  service.pull_asked(asked.back(), 1, 0);
  service.pull_replied(asked.back(), {{}, {0, 1}, false, std::move(exposition)});
  manual.run_for(kPullSharing + 1s);
  EXPECT_TRUE(watched.expired());
}

TEST_F(PullServiceTest, WhatCannotStandOnThePageIsNotKept) {
  scrape(10s);
  service.pull_asked(asked.back(), 400, 0);
  for (std::uint64_t client = 1; client <= 400; ++client) {
    reply_with(100, client);
    EXPECT_LE(kept_bytes(), kBytesMax);
  }
  EXPECT_THAT(pages, ElementsAre(ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)));
  EXPECT_EQ(service.left_out(), 390U);
}

// One with large replies cannot drive out those who were there before, by being quick.
TEST_F(PullServiceTest, InWhateverOrderTheyReplyTheLongestConnectedAreKept) {
  const std::vector<std::size_t> sizes = {400, 300, 600, 100, 200};  // the first two fit together
  std::vector<std::uint64_t> order = {1, 2, 3, 4, 5};
  do {
    scrape(10s);
    service.pull_asked(asked.back(), order.size(), 0);
    for (const std::uint64_t client : order) reply_with(sizes[client - 1], client);
    EXPECT_THAT(pages.back(), ElementsAre(1, 2)) << testing::PrintToString(order);
    manual.run_for(1s);
  } while (std::ranges::next_permutation(order).found);
  EXPECT_EQ(service.left_out(), 120U * 3);
}

TEST_F(PullServiceTest, AnIndexTakesRoomToo) {
  auto exposition = std::make_shared<Exposition>();
  exposition->index.samples.resize(kBytesMax);
  scrape(10s);
  service.pull_asked(asked.back(), 1, 0);
  service.pull_replied(asked.back(), {{}, {0, 1}, false, std::move(exposition)});
  manual.run_for(0ms);
  EXPECT_THAT(pages, ElementsAre(IsEmpty()));
}

TEST_F(PullServiceTest, WhoHasEndedLeavesItsRoomToThoseWhoReplyLater) {
  scrape(10s);
  service.pull_asked(asked.back(), 3, 0);
  reply_with(900, 1);
  service.client_ended({0, 1});
  reply_with(600, 2);
  reply_with(400, 3);
  EXPECT_THAT(pages, ElementsAre(ElementsAre(2, 3)));
}

}  // namespace
}  // namespace prometheus_rsocket::server
