// Liveness: homes, held pushes, load, drains.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "story.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

using history::ClientEnd;
using history::ClientKind;
using history::FaultEffect;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// ---- L1: healed at 60 s, judged from 60 + 20 + 90 + 5 + 0.1 + 15 = 190.1 s on

Story healed(const std::vector<Place>& broken = {}) {
  Story story;
  story.at(0s).proxy(0).proxy(1).client(1).at(60s).heal(broken).at(10min).note(history::Ended{});
  return story;
}

TEST(Homes, AClientOnEveryPageOfOneProxyIsAtHome) {
  Story story = healed();
  story.at(200s).scrapes(0, {1}, 9min).at(205s).scrapes(1, {}, 9min);
  EXPECT_THAT(story.judged("L1"), IsEmpty());
}

TEST(Homes, AClientOnNoPageIsFound) {
  Story story = healed();
  EXPECT_THAT(story.at(200s).scrapes(0, {}, 9min).judged("L1"),
              ElementsAre("599900 ms: client 1.1 is on no page since 190.100000"));
}

TEST(Homes, AClientOnTwoProxiesIsFound) {
  Story story = healed();
  story.at(200s).scrapes(0, {1}, 9min).at(205s).scrapes(1, {1}, 9min);
  EXPECT_THAT(story.judged("L1"), ElementsAre(HasSubstr("client 1.1 is on pages of proxies 0 and 1 "
                                                        "since 190.100000")));
}

TEST(Homes, AClientThatIsMissingOnceIsFound) {
  Story story = healed();
  story.at(200s).scrapes(0, {1}, 5min).at(310s).scrape(0, {}).at(325s).scrapes(0, {1}, 9min);
  EXPECT_THAT(story.judged("L1"),
              ElementsAre("310010 ms: client 1.1 is not on scrape 7 of proxy 0, where it is at "
                          "home"));
}

TEST(Homes, BeforeItsTimeAClientMayBeAnywhere) {
  Story story = healed();
  story.at(65s).scrapes(1, {1}, 189s).at(200s).scrapes(0, {1}, 9min);
  EXPECT_THAT(story.judged("L1"), IsEmpty());
}

TEST(Homes, NoGoodPageAtAllIsFound) {
  Story story = healed();
  EXPECT_THAT(story.at(50s).scrape(0, {1}).judged("L1"),
              ElementsAre("600000 ms: no good page since 190.100000"));
  EXPECT_THAT(healed().judged("L1"), IsEmpty());  // nobody ever asked
}

TEST(Homes, WhoIsBrokenMayBeMissing) {
  Story story = healed({client_place(1)});
  EXPECT_THAT(story.at(200s).scrapes(0, {}, 9min).judged("L1"), IsEmpty());
}

TEST(Homes, WhoHangsLeftOrIsAJavaClientMayBeMissing) {
  Story hung = healed();
  hung.at(50s).note(history::Hung{hung.who(1)});
  EXPECT_THAT(hung.at(200s).scrapes(0, {}, 9min).judged("L1"), IsEmpty());
  Story left = healed();
  left.at(100s).ends(1, ClientEnd::kLeft);
  EXPECT_THAT(left.at(200s).scrapes(0, {}, 9min).judged("L1"), IsEmpty());
  Story java;
  java.at(0s).proxy(0).client(1, 0, ClientKind::kJava113).at(60s).heal();
  EXPECT_THAT(java.at(200s).scrapes(0, {}, 9min).judged("L1"), IsEmpty());
}

TEST(Homes, WhereConnectionsHaveAnAgeAClientMayMoveButNotStayAway) {
  Story story = healed();
  story.rules.connection_age = 2min;
  story.at(200s).scrapes(0, {1}, 300s).at(310s).scrapes(1, {1}, 9min + 55s);
  EXPECT_THAT(story.judged("L1"), IsEmpty());
  Story away = healed();
  away.rules.connection_age = 2min;
  away.at(200s).scrapes(0, {1}, 300s).at(330s).scrapes(1, {1}, 9min + 55s);
  EXPECT_THAT(away.judged("L1"),
              ElementsAre("330000 ms: client 1.1 is on no page from 290.000000 to 330.000000"));
}

// ---- L2

// A push of either kind that is held when all is healed, at 70 s.
Story holding(bool acknowledged) {
  Story story;
  story.at(0s).proxy(0).client(1).at(60s).push_begins(
      1, acknowledged ? history::PushKind::kAcknowledged : history::PushKind::kFireAndForget);
  story.push_stored(1).push_ends(1).ends(1, ClientEnd::kLeft);
  story.at(70s).heal().at(5min).note(history::Ended{});
  return story;
}

TEST(HeldPushes, AreShownWithinAnInterval) {
  for (const bool acknowledged : {true, false}) {
    Story story = holding(acknowledged);
    EXPECT_THAT(story.at(80s).page(0, story.lines(1)).judged("L2"), IsEmpty());
    Story before = holding(acknowledged);
    before.at(65s).page(0, before.lines(1)).at(80s).page(0, {});
    EXPECT_THAT(before.judged("L2"), IsEmpty());
  }
}

TEST(HeldPushes, AreFoundWhenTheyAreNotShown) {
  Story story = holding(false);
  EXPECT_THAT(story.at(80s).page(0, {}).judged("L2"),
              ElementsAre("85100 ms: push 1 of client 1.1, held by proxy 0, is on no page for "
                          "scraper 0 from 70.000000 to 85.100000"));
}

TEST(HeldPushes, AScrapeThatFailsShowsNothing) {
  Story story = holding(true);
  story.at(80s).failed_scrape(0, history::ScrapeResult::kTimedOut);
  EXPECT_THAT(story.judged("L2"), ElementsAre(HasSubstr("is on no page")));
}

TEST(HeldPushes, AScrapeThatItsScraperBreaksOffWasNotToShowThem) {
  Story story = holding(true);
  story.at(80s).failed_scrape(0, history::ScrapeResult::kAborted);
  EXPECT_THAT(story.judged("L2"), IsEmpty());
}

TEST(HeldPushes, AStrangerMayComeTooLate) {
  Story story;
  story.at(0s).proxy(0).at(6min).client(1).at(7min).pushes(1).at(8min).heal();
  story.at(8min + 1s).page(0, story.lines(1)).at(8min + 10s).by(1).page(0, {});
  EXPECT_THAT(story.at(10min).note(history::Ended{}).judged("L2"), IsEmpty());
}

TEST(HeldPushes, WhoDoesNotAskIsOwedNothing) { EXPECT_THAT(holding(true).judged("L2"), IsEmpty()); }

// ---- L3: healed at 60 s, due at 60 + 132 + 15 + 5 + 0.1 s

Story loaded(std::uint32_t on_first, std::uint32_t on_second) {
  Story story;
  story.rules.connection_age = 2min;
  story.at(0s).proxy(0).proxy(1);
  for (std::uint32_t i = 0; i < on_first; ++i) story.client(i, 0);
  for (std::uint32_t i = 0; i < on_second; ++i) story.client(100 + i, 1);
  story.at(60s).heal().at(5min).note(history::Ended{});
  return story;
}

TEST(Load, WithinAQuarterIsEven) {
  EXPECT_THAT(loaded(40, 32).judged("L3"), IsEmpty());
  EXPECT_THAT(loaded(41, 32).judged("L3"),
              ElementsAre("212100 ms: clients are spread unevenly since 60.000000: proxy 0 has 41 "
                          "proxy 1 has 32"));
}

TEST(Load, HasAnAgeToBecomeEven) {
  Story story = loaded(60, 0);
  for (std::uint32_t i = 0; i < 28; ++i) story.at(150s).disconnects(i).at(152s).connects(i, 1);
  EXPECT_THAT(story.judged("L3"), IsEmpty());
}

TEST(Load, OfFewClientsIsNotJudged) { EXPECT_THAT(loaded(40, 10).judged("L3"), IsEmpty()); }

TEST(Load, WithoutAnAgeIsNotJudged) {
  Story story = loaded(60, 10);
  story.rules.connection_age = 0s;
  EXPECT_THAT(story.judged("L3"), IsEmpty());
}

TEST(Load, OfABrokenProxyIsNotJudged) {
  Story story = loaded(60, 10);
  EXPECT_THAT(story.at(61s).heal({proxy_place(1)}).judged("L3"), IsEmpty());
}

// ---- L4: a gap of at most 15 + 0.1 s

// Proxy 0 drains at 61 s; its client was on its page at 60 s, goes at 62 s, and is on proxy 1's
// pages from `back` on.
Story drained(Duration back) {
  Story story;
  story.at(0s).proxy(0).proxy(1).client(1).at(15s).scrapes(0, {1}, 60s);
  story.at(61s).proxy_drains(0).at(62s).disconnects(1).at(66s).connects(1, 1);
  story.at(70s).proxy_ends(0, history::ProxyEnd::kExited).at(back).scrapes(1, {1}, 5min);
  return story;
}

TEST(Drains, AClientThatIsBackInTimeIsFine) { EXPECT_THAT(drained(75s).judged("L4"), IsEmpty()); }

TEST(Drains, AClientThatIsAwayForLongerIsFound) {
  EXPECT_THAT(drained(76s).judged("L4"),
              ElementsAre("75100 ms: client 1.1 is on no page from 60.000000 to 76.000000, after "
                          "proxy 0 began to drain at 61.000000"));
}

// It has been scraped there then, and leaves the proxy that drains.
TEST(Drains, APageOfItsOwnCountsAsAnyOther) {
  Story story = drained(76s);
  EXPECT_THAT(story.at(70s).client_page(1, 1, 200, {1}).judged("L4"), IsEmpty());
}

TEST(Drains, AClientThatNeverComesBackIsFound) {
  Story story;
  story.at(0s).proxy(0).proxy(1).client(1).at(15s).scrapes(0, {1}, 60s);
  story.at(61s).proxy_drains(0).at(62s).disconnects(1).at(5min).note(history::Ended{});
  EXPECT_THAT(story.judged("L4"), ElementsAre(HasSubstr("from 60.000000 to 300.000000")));
}

TEST(Drains, AClientThatIsDisturbedHangsOrLeavesIsExcused) {
  Story disturbed = drained(90s);
  EXPECT_THAT(disturbed.at(62s).fault({client_place(1)}, 1s).judged("L4"), IsEmpty());
  Story hung = drained(90s);
  hung.at(67s).note(history::Hung{hung.who(1)}).at(89s).note(history::Recovered{hung.who(1)});
  EXPECT_THAT(hung.judged("L4"), IsEmpty());
  Story other = drained(90s);
  EXPECT_THAT(other.at(67s).fault({client_place(2)}, 1s).judged("L4"),
              ElementsAre(HasSubstr("to 90.000000")));
}

TEST(Drains, WhileAPageWaitsForAHungClientAnotherMayGo) {
  Story story = drained(90s);
  story.at(0s).client(2, 1).at(67s).note(history::Hung{story.who(2)});
  EXPECT_THAT(story.at(80s).note(history::Recovered{story.who(2)}).judged("L4"), IsEmpty());
}

TEST(Drains, WhileAPageWaitsForAPausedClientAnotherMayGo) {
  Story story = drained(90s);
  story.at(0s).client(2, 1).at(67s).fault({client_place(2)}, 5s, FaultEffect::kPause);
  EXPECT_THAT(story.judged("L4"), IsEmpty());
}

TEST(Drains, WhileAPageWaitsForALostClientAnotherMayGo) {
  Story story = drained(90s);
  story.at(0s).client(2, 1).at(67s).ends(2, history::ClientEnd::kLost);
  EXPECT_THAT(story.judged("L4"), IsEmpty());
}

// Who went to a proxy that was lost in silence finds out a lifetime later.
TEST(Drains, AnotherLossBeforeIsExcusedForALifetime) {
  for (const auto& [lost, excused] : {std::pair(50s, true), std::pair(30s, false)}) {
    Story story = drained(90s);
    story.rules.lifetime = 20s;
    story.at(0s).proxy(2).at(lost).proxy_ends(2);
    EXPECT_EQ(story.judged("L4").empty(), excused);
  }
}

TEST(Drains, AClientThatHasJustComeBacksOff) {
  Story story;
  story.at(0s).proxy(0).proxy(1).at(40s).client(1).at(45s).scrapes(0, {1}, 60s);
  story.at(61s).proxy_drains(0).asked_to_leave(1).disconnects(1).at(71s).connects(1, 1);
  EXPECT_THAT(story.at(85s).scrapes(1, {1}, 5min).judged("L4"), IsEmpty());
}

TEST(Drains, AScraperThatGivesUpOnPurposeIsExcused) {
  for (const auto result : {history::ScrapeResult::kAborted, history::ScrapeResult::kBroken}) {
    Story story = drained(90s);
    story.at(70s).note(history::ScrapeBegan{ScrapeId{1000}, ScraperId{0}, ProxyId{1}, 10s});
    history::ScrapeEnded ended;
    ended.scrape = ScrapeId{1000};
    ended.proxy = ProxyId{1};
    ended.result = result;
    story.at(71s).note(ended);
    EXPECT_EQ(story.judged("L4").empty(), result == history::ScrapeResult::kAborted);
  }
}

TEST(Drains, ADrainThatWasBrokenOffIsNotJudged) {
  for (const bool by_signal : {false, true}) {
    Story story;
    story.at(0s).proxy(0).proxy(1).client(1).at(15s).scrapes(0, {1}, 60s);
    story.at(61s).proxy_drains(0).at(62s).disconnects(1).at(66s).connects(1, 1).at(63s);
    story.note(history::ProxyEnded{
        history::ProxyId{0}, by_signal ? history::ProxyEnd::kExited : history::ProxyEnd::kKilled,
        by_signal ? 1 : 0});
    EXPECT_THAT(story.at(90s).scrapes(1, {1}, 5min).judged("L4"), IsEmpty());
  }
}

TEST(Drains, AGraceTooShortForAScrapeElsewhereIsExcused) {
  Story story = drained(90s);
  story.rules.shutdown_grace = 24s;
  EXPECT_THAT(story.judged("L4"), IsEmpty());
}

TEST(Drains, WhereNobodyElseServesAClientHasToWait) {
  Story story;
  story.at(0s).proxy(0).client(1).at(15s).scrapes(0, {1}, 60s).at(61s).proxy_drains(0);
  story.at(62s).disconnects(1).at(70s).proxy_ends(0).at(80s).proxy(0).at(82s).connects(1);
  EXPECT_THAT(story.at(90s).scrapes(0, {1}, 5min).judged("L4"), IsEmpty());
}

TEST(Drains, AnotherLossMeanwhileIsExcused) {
  Story story = drained(90s);
  story.at(0s).proxy(2).at(75s).proxy_ends(2);
  EXPECT_THAT(story.judged("L4"), IsEmpty());
}

}  // namespace
}  // namespace prometheus_rsocket::sim::oracle
