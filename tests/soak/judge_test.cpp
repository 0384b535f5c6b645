#include "judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace prometheus_rsocket::soak {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kSamples = 3;

Page page_of(std::map<Number, std::size_t> clients, std::map<Number, std::size_t> pushes = {}) {
  return {.samples_of_client = std::move(clients),
          .samples_of_push = std::move(pushes),
          .samples = 0,
          .fault = ""};
}

class SoakJudge : public testing::Test {
 protected:
  Life& life(Round ready, std::optional<Round> left = {}, Departure departure = {}) {
    lives_.push_back({.instance = "i" + std::to_string(lives_.size()),
                      .ready = ready,
                      .left = left,
                      .departure = departure});
    return lives_.back();
  }

  std::vector<Life> lives_;
  Judge judge_{lives_, kSamples};
};

TEST_F(SoakJudge, WhoIsReadyMustBeOnThePagesOfTheRoundAfterTheNext) {
  life(5);
  judge_.judge_clients(page_of({}), 6);
  EXPECT_THAT(judge_.faults(), IsEmpty());
  judge_.judge_clients(page_of({{0, kSamples}}), 7);
  EXPECT_THAT(judge_.faults(), IsEmpty());
  judge_.judge_clients(page_of({}), 7);
  EXPECT_THAT(judge_.faults(), ElementsAre("round 7: client 0 is missing"));
}

TEST_F(SoakJudge, WhoLeavesMayBeShownUntilTheNextRound) {
  life(1, 5);
  judge_.judge_clients(page_of({}), 5);
  judge_.judge_clients(page_of({{0, kSamples}}), 6);
  EXPECT_THAT(judge_.faults(), IsEmpty());
  judge_.judge_clients(page_of({{0, kSamples}}), 7);
  EXPECT_THAT(judge_.faults(), ElementsAre("round 7: client 0 is gone and shown"));
}

TEST_F(SoakJudge, NobodyIsShownInPart) {
  life(8);
  judge_.judge_clients(page_of({{0, kSamples - 1}}), 9);
  EXPECT_THAT(judge_.faults(), ElementsAre("round 9: client 0 has 2 samples"));
}

TEST_F(SoakJudge, WhoNeverCameIsNotShown) {
  judge_.judge_clients(page_of({{0, kSamples}}), 9);
  EXPECT_THAT(judge_.faults(), ElementsAre("round 9: nobody is number 0"));
}

TEST_F(SoakJudge, APushIsOnOnePageOfEachScraper) {
  life(1, 2, Departure::kPush).has_pushed = true;
  const Page page = page_of({}, {{0, kPushSamples}});
  judge_.judge_pushes("a", page);
  judge_.judge_pushes("b", page_of({}));
  judge_.judge_end();
  EXPECT_THAT(judge_.faults(), ElementsAre("push 0 was never shown to b"));
  judge_.judge_pushes("a", page);
  EXPECT_EQ(judge_.faults().back(), "push 0 for a is shown again");
}

TEST_F(SoakJudge, WhatNobodyPushedIsNotShown) {
  life(1, 2, Departure::kGoodbye);
  judge_.judge_pushes("a", page_of({}, {{0, kPushSamples}}));
  EXPECT_THAT(judge_.faults(), ElementsAre("push 0 for a: nobody pushed it"));
}

TEST_F(SoakJudge, WhoMustBeThereIsListedOnce) {
  life(1);
  judge_.judge_list({.instances = {{"i0", 1}, {"pushes", 1}}, .fault = ""}, 9);
  EXPECT_THAT(judge_.faults(), IsEmpty());
  judge_.judge_list({.instances = {{"i0", 2}}, .fault = ""}, 9);
  EXPECT_THAT(judge_.faults(), ElementsAre("round 9, a list: i0 is there 2 times"));
}

TEST_F(SoakJudge, WhoHasSaidGoodbyeIsOnNoList) {
  life(1, 2, Departure::kGoodbye);
  life(1, 2, Departure::kCut);
  judge_.judge_list({.instances = {{"i0", 1}, {"i1", 1}}, .fault = ""}, 3);
  EXPECT_THAT(judge_.faults(), IsEmpty()) << "it may have been read before";
  judge_.judge_list({.instances = {{"i0", 1}, {"i1", 1}}, .fault = ""}, 9);
  EXPECT_THAT(judge_.faults(), ElementsAre("round 9, a list: i0 has said goodbye and is there"));
}

}  // namespace
}  // namespace prometheus_rsocket::soak
