// What clients of ours keep to: keys, backoff, and not arriving as a herd.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/oracle/rules.h"
#include "story.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

using history::ClientKind;
using history::FaultEffect;
using history::ProxyEnd;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- Keys

TEST(Keys, AKeyOfThePresentConnectionIsFineAlsoAfterARotation) {
  Story story;
  story.at(0s).proxy(0).proxy_key(0, KeyId{50}).client(1).at(10s);
  story.note(history::KeyGiven{story.who(1), KeyId{50}});
  story.at(20s).note(history::KeyUsed{story.who(1), KeyId{0}});
  story.note(history::KeyUsed{story.who(1), KeyId{50}});
  EXPECT_THAT(story.judged("7-keys"), IsEmpty());
}

TEST(Keys, AKeyOfAnEarlierConnectionIsFound) {
  Story story;
  story.at(0s).proxy(0).proxy(1).client(1).at(50s).disconnects(1).at(52s).connects(1, 1);
  story.at(60s).note(history::KeyUsed{story.who(1), KeyId{0}});
  EXPECT_THAT(story.judged("7-keys"),
              ElementsAre("60000 ms: client 1.1 sealed for key 0, which came on another than its "
                          "connection of 52.000000"));
}

TEST(Keys, WhileItGoesElsewhereAKeyOfEitherConnectionIsFine) {
  Story story;
  story.at(0s).proxy(0).proxy(1).start(1).connects(1, 0, 1).at(50s).asked_to_leave(1, 1);
  story.at(52s).connects(1, 1, 2).at(60s);
  story.note(history::KeyUsed{story.who(1), KeyId{0}});
  story.note(history::KeyUsed{story.who(1), KeyId{1}});
  EXPECT_THAT(story.judged("7-keys"), IsEmpty());
  story.at(61s).disconnects(1, 1).at(70s).note(history::KeyUsed{story.who(1), KeyId{0}});
  EXPECT_THAT(story.judged("7-keys"),
              ElementsAre(HasSubstr("70000 ms: client 1.1 sealed for key 0")));
}

TEST(Keys, AKeyThatComesLaterIsFound) {
  Story story;
  story.at(0s).proxy(0).proxy_key(0, KeyId{50}).client(1);
  story.at(20s).note(history::KeyUsed{story.who(1), KeyId{50}});
  story.at(30s).note(history::KeyGiven{story.who(1), KeyId{50}});
  EXPECT_THAT(story.judged("7-keys"), ElementsAre(HasSubstr("sealed for key 50")));
}

TEST(Keys, AKeyUsedWithoutAConnectionIsFound) {
  Story story;
  story.at(0s).proxy(0).client(1).at(50s).disconnects(1);
  story.at(60s).note(history::KeyUsed{story.who(1), KeyId{0}});
  EXPECT_THAT(story.judged("7-keys"), ElementsAre(HasSubstr("which came on no connection")));
}

TEST(Keys, AKeyOfAnotherProxyOnAConnectionIsFound) {
  Story story;
  story.at(0s).proxy(0).proxy(1).client(1).at(5s);
  story.note(history::KeyGiven{story.who(1), KeyId{1}});
  EXPECT_THAT(story.judged("7-keys"),
              ElementsAre("5000 ms: client 1.1 is given key 1 of proxy 1 on a connection with "
                          "proxy 0"));
}

TEST(Keys, WhatAJavaClientSealedForAnEarlierConnectionMustNotOpen) {
  for (const bool opened : {false, true}) {
    Story story;
    story.at(0s).proxy(0).proxy(1).client(1, 0, ClientKind::kJava113);
    story.at(50s).disconnects(1).at(52s).connects(1, 1);
    story.at(60s).push_begins(1).note(history::KeyUsed{story.who(1), KeyId{0}});
    if (opened) story.at(61s).push_stored(1, 1);
    EXPECT_EQ(story.judged("7-keys").empty(), !opened);
  }
}

TEST(Keys, AJavaClientThatIsBackMayUseTheProxysKeyBeforeItComesAgain) {
  for (const bool is_new_key : {false, true}) {
    Story story;
    story.at(0s).proxy(0).client(1, 0, ClientKind::kJava114).at(50s).disconnects(1);
    if (is_new_key) story.at(51s).proxy_key(0, KeyId{7});
    story.at(52s).dials(1).note(history::Connected{story.who(1)});
    story.at(52s).push_begins(1).note(history::KeyUsed{story.who(1), KeyId{0}});
    story.at(52s + 1ms).push_stored(1);
    EXPECT_EQ(story.judged("7-keys").empty(), !is_new_key);
  }
}

// ---- Backoff

// What is found when a client whose connection lasted from 0 s until `ended` dials at `dialled`.
std::vector<std::string> redial(Duration ended, Duration dialled) {
  Story story;
  story.at(0s).proxy(0).client(1).at(ended).disconnects(1).at(dialled).dials(1);
  return story.judged("10-backoff");
}

TEST(Backoff, AfterAStableConnectionItDialsWithinTheSpread) {
  EXPECT_THAT(redial(30s, 30s), IsEmpty());
  EXPECT_THAT(redial(30s, 35s), IsEmpty());
  EXPECT_THAT(redial(30s, 35s + 1ms),
              ElementsAre(HasSubstr("client 1.1, after 0 failures in a row, the last end at "
                                    "30.000000, dialled at 35.001000: due from 30.000000")));
}

TEST(Backoff, AskedToLeaveItDialsWithinTheSpreadAndOnceThoughTheConnectionEndsLater) {
  for (const auto& [dialled, fine] : {std::pair(65s, true), std::pair(66s, false)}) {
    Story story;
    story.at(0s).proxy(0).proxy(1).start(1).connects(1, 0, 1).at(60s).asked_to_leave(1, 1);
    story.at(dialled).connects(1, 1, 2).at(80s).disconnects(1, 1).at(10min).ends(
        1, history::ClientEnd::kLeft);
    EXPECT_EQ(story.judged("10-backoff").empty(), fine);
  }
}

// Asked at 60 s, it finds nobody: its dials fail at 65, 67, 71 and 79 s, and the old connection
// ends.
Story finds_nobody() {
  Story story;
  story.at(0s).proxy(0).start(1).connects(1, 0, 1).at(60s).asked_to_leave(1, 1);
  for (const Duration at : {65s, 67s, 71s, 79s}) story.at(at).dials(1).dial_fails(1);
  return story.at(82s).disconnects(1, 1);
}

TEST(Backoff, WhenTheLastConnectionEndsItDialsAsIfNothingHadFailedMeanwhile) {
  EXPECT_THAT(finds_nobody().at(87s).dials(1).judged("10-backoff"), IsEmpty());
  EXPECT_THAT(finds_nobody().at(88s).dials(1).judged("10-backoff"),
              ElementsAre(HasSubstr("after 0 failures")));
}

TEST(Backoff, AConnectionThatTheClientEndsItselfServesNoMore) {
  Story story;
  story.at(0s).proxy(0).proxy(1).start(1).connects(1, 0, 1).at(60s).asked_to_leave(1, 1);
  story.at(61s).connects(1, 1, 2).goes_elsewhere(1, 1).at(62s).disconnects(1, 2);
  // One failure, alone; and its end is nobody's.
  story.at(63s).disconnects(1, 1).at(64s).dials(1);
  EXPECT_THAT(story.judged("10-backoff"), IsEmpty());
}

TEST(Backoff, AcceptThenCloseIsAFailure) {
  EXPECT_THAT(redial(29s, 29s), ElementsAre(HasSubstr("after 1 failures in a row")));
  EXPECT_THAT(redial(29s, 29s + 999ms), ElementsAre(HasSubstr("dialled at 29.999000")));
  EXPECT_THAT(redial(29s, 30s), IsEmpty());
  EXPECT_THAT(redial(29s, 32s), IsEmpty());
  EXPECT_THAT(redial(29s, 32s + 1ms), ElementsAre(HasSubstr("dialled at 32.001000")));
}

// A client that fails at every dial, each time the same share of a backoff of 2 s that doubles.
std::vector<std::string> failing(int times, int percent, Duration backoff_max = 60s) {
  Story story;
  Duration now{};
  story.at(now).proxy(0).start(1).dials(1);
  Duration backoff = 2s;
  for (int i = 0; i < times; ++i) {
    now += 100ms;
    story.at(now).dial_fails(1);
    now += std::min(backoff / 100 * percent, backoff_max);
    story.at(now).dials(1);
    backoff = std::min(backoff * 2, backoff_max);
  }
  return story.judged("10-backoff");
}

TEST(Backoff, DoublesWithEveryFailureUpToTheMost) {
  EXPECT_THAT(failing(12, 50), IsEmpty());
  EXPECT_THAT(failing(12, 100), IsEmpty());
  EXPECT_THAT(failing(12, 150), IsEmpty());
  EXPECT_EQ(failing(12, 49).size(), 12U);
  // Never beyond the most: the last ones are within.
  EXPECT_EQ(failing(12, 151).size(), 5U);
}

TEST(Backoff, NeverGoesBeyondTheMost) {
  EXPECT_THAT(failing(12, 100, 61s), ElementsAre(HasSubstr("after 6 failures"), HasSubstr(""),
                                                 HasSubstr(""), HasSubstr(""), HasSubstr(""),
                                                 HasSubstr(""), HasSubstr("after 12 failures")));
}

TEST(Backoff, DoublingPastOverflowIsFound) {
  Story story;
  story.at(0s).proxy(0).start(1).dials(1);
  for (int i = 1; i <= 100; ++i) story.at(1min * i).dial_fails(1).at(1min * i + 40s).dials(1);
  story.at(2h).dial_fails(1).at(2h + 1s).dials(1);
  const auto found = story.judged("10-backoff");
  ASSERT_FALSE(found.empty());
  EXPECT_THAT(found.back(), HasSubstr("after 101 failures in a row"));
}

TEST(Backoff, AStableConnectionStartsItAfresh) {
  Story story;
  story.at(0s).proxy(0).start(1).dials(1).at(1s).dial_fails(1).at(3s).dials(1).dial_fails(1);
  story.at(7s).connects(1).at(40s).disconnects(1).at(41s).dials(1).dial_fails(1).at(43s).dials(1);
  EXPECT_THAT(story.judged("10-backoff"), IsEmpty());
}

TEST(Backoff, AClientThatDialsNoMoreIsFound) {
  Story story;
  story.at(0s).proxy(0).client(1).at(40s).disconnects(1).at(50s).note(history::Ended{});
  EXPECT_THAT(story.judged("10-backoff"), ElementsAre(HasSubstr("dialled at never")));
}

TEST(Backoff, AClientThatLeftDialsNoMore) {
  Story story;
  story.at(0s).proxy(0).client(1).at(40s).disconnects(1).ends(1, history::ClientEnd::kLeft);
  EXPECT_THAT(story.at(50s).note(history::Ended{}).judged("10-backoff"), IsEmpty());
}

TEST(Backoff, APauseExcusesLatenessButNotHaste) {
  Story late;
  late.at(0s).proxy(0).client(1).at(40s).disconnects(1).at(50s).dials(1);
  late.at(41s).fault({client_place(1)}, 9s, FaultEffect::kPause);
  EXPECT_THAT(late.judged("10-backoff"), IsEmpty());
  Story hasty;
  hasty.at(0s).proxy(0).client(1).at(10s).disconnects(1).dials(1);
  hasty.at(5s).fault({client_place(1)}, 9s, FaultEffect::kPause);
  EXPECT_THAT(hasty.judged("10-backoff"), ElementsAre(HasSubstr("after 1 failures")));
}

TEST(Backoff, JavaClientsHaveRulesOfTheirOwn) {
  Story story;
  story.at(0s).proxy(0).client(1, 0, ClientKind::kJava113).at(10s).disconnects(1).dials(1);
  EXPECT_THAT(story.judged("10-backoff"), IsEmpty());
}

// ---- Herd

// `count` clients lose their proxy at 60 s and come to another one, evenly within `spread`.
Story flight(std::uint32_t count, Duration spread) {
  Story story;
  story.at(0s).proxy(0).proxy(1);
  for (std::uint32_t i = 0; i < count; ++i) story.client(i);
  story.at(60s).proxy_ends(0);
  for (std::uint32_t i = 0; i < count; ++i) {
    story.at(60s).disconnects(i).at(60s + 1ms + spread / count * i).connects(i, 1);
  }
  return story;
}

TEST(Herd, ClientsThatSpreadOutAreFine) {
  EXPECT_THAT(flight(20, 5s).judged("11-herd"), IsEmpty());
  EXPECT_THAT(flight(200, 5s).judged("11-herd"), IsEmpty());
}

TEST(Herd, AllAtOnceIsFoundFromFourteenOn) {
  EXPECT_THAT(flight(13, 100ms).judged("11-herd"), IsEmpty());
  EXPECT_THAT(flight(14, 100ms).judged("11-herd"), ElementsAre(HasSubstr("")));
  EXPECT_THAT(flight(20, 100ms).judged("11-herd"),
              ElementsAre("60001 ms: proxy 0 left its 20 clients at 60.000000, and others accept "
                          "20 within a second, of them at most 0 from elsewhere: more than 17"));
}

TEST(Herd, ManyClientsMayComeTwiceAsFastAsEvenlyAndNoFaster) {
  EXPECT_THAT(flight(400, 2600ms).judged("11-herd"), IsEmpty());
  EXPECT_THAT(flight(400, 2400ms).judged("11-herd"), ElementsAre(HasSubstr("more than 160")));
}

// `mixed` seed 35: the load balancer brought it late, after it had tried the proxy that was lost.
TEST(Herd, AProxyThatNobodyLostLeavesNone) {
  Story story;
  story.at(0s).proxy(0).proxy(1);
  story.at(60s).proxy_ends(0);
  story.at(61s).start(1).dials(1);
  story.at(65s).note(history::Accepted{history::ProxyId{1}});
  EXPECT_THAT(story.judged("11-herd"), IsEmpty());
}

TEST(Herd, ADrainIsNoExcuse) {
  Story story;
  story.at(0s).proxy(0).proxy(1);
  for (std::uint32_t i = 0; i < 20; ++i) story.client(i);
  story.at(60s).proxy_drains(0);
  for (std::uint32_t i = 0; i < 20; ++i) story.at(80s).disconnects(i).at(81s).connects(i, 1);
  EXPECT_THAT(story.judged("11-herd"), ElementsAre(HasSubstr("more than 17")));
}

TEST(Herd, ClientsFromElsewhereDoNotCount) {
  Story story = flight(20, 5s);
  for (std::uint32_t i = 100; i < 150; ++i) story.at(61s).client(i, 1);
  EXPECT_THAT(story.judged("11-herd"), IsEmpty());
}

TEST(Herd, WhoWaitedForALostProxyAtALoadBalancerDoesNotCount) {
  for (const ProxyEnd how : {ProxyEnd::kLost, ProxyEnd::kKilled}) {
    Story story;
    story.at(0s).proxy(0).proxy(1).proxy(2).client(1).start(2).start(3);
    story.at(50s).proxy_ends(2, how).at(60s).proxy_ends(0).disconnects(1);
    story.at(58s).dials(2).dials(3).at(61s).dials(1);
    for (const base::Duration late : {0ms, 10ms, 20ms}) {
      story.at(63s + late).note(history::Accepted{history::ProxyId{1}});
    }
    EXPECT_EQ(story.judged("11-herd").empty(), how == ProxyEnd::kLost);
  }
}

TEST(Herd, HostilePeersDoNotCount) {
  for (const bool is_hostile : {true, false}) {
    Story story;
    story.at(0s).proxy(0).proxy(1).client(1).at(60s).proxy_ends(0).disconnects(1);
    story.at(61s).dials(1).note(history::Accepted{history::ProxyId{1}});
    if (is_hostile) story.at(61s + 10ms).note(history::HostileDialled{});
    story.at(61s + 10ms).note(history::Accepted{history::ProxyId{1}});
    EXPECT_EQ(story.judged("11-herd").empty(), is_hostile);
  }
}

TEST(Herd, AClientThatWasNotStableIsNoneOfIt) {
  Story story;
  story.at(0s).proxy(0).proxy(1).at(40s);
  for (std::uint32_t i = 0; i < 20; ++i) story.client(i);
  story.at(60s).proxy_ends(0);
  for (std::uint32_t i = 0; i < 20; ++i) story.at(60s).disconnects(i).at(61s).connects(i, 1);
  EXPECT_THAT(story.judged("11-herd"), IsEmpty());
}

TEST(Herd, AGateThatOpensLetsThoseThatWaitedInTogether) {
  for (const Place& gate : {kBalancer, proxy_place(1)}) {
    Story story = flight(20, 100ms);
    EXPECT_THAT(story.at(59s).fault({gate}, 1s).judged("11-herd"), IsEmpty());
  }
  Story story = flight(20, 100ms);
  EXPECT_THAT(story.at(59s).fault({client_place(3)}, 1s).judged("11-herd"),
              ElementsAre(HasSubstr("more than 17")));
}

// P(a binomial variable of n and 1/5 exceeds `limit`), summed from the bottom.
double tail_above(std::uint64_t n, std::uint64_t limit) {
  double term = 1;
  for (std::uint64_t i = 0; i < n; ++i) term *= 0.8;
  double below = 0;
  for (std::uint64_t k = 0; k <= limit && k <= n; ++k) {
    below += term;
    term *= static_cast<double>(n - k) / static_cast<double>(k + 1) / 4;
  }
  return 1 - below;
}

TEST(Herd, TheLimitIsExceededByChanceOnceInABillion) {
  for (std::uint64_t clients = 1; clients <= 400; ++clients) {
    const std::uint64_t limit = herd_limit(clients, 5s);
    EXPECT_GE(limit, 2 * clients / 5);
    // The first to arrive opens the window: the others are counted by chance.
    EXPECT_LT(tail_above(clients - 1, limit - 1), 1.1e-9) << clients;
    if (limit > 2 * clients / 5 && limit > 1) {
      EXPECT_GT(tail_above(clients - 1, limit - 2), 0.9e-9) << clients;
    }
  }
  EXPECT_EQ(herd_limit(0, 5s), 0U);
  EXPECT_EQ(herd_limit(1000, 5s), 400U);
}

}  // namespace
}  // namespace prometheus_rsocket::sim::oracle
