// Pushes: shown to every scraper and once, stored before acknowledged, in time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "story.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

using history::ClientEnd;
using history::FaultEffect;
using history::ProxyEnd;
using history::PushKind;
using history::ScrapeResult;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Client 1 pushed at 60 s and left; its connection is known to have ended at 60.12 s.
Story pushed() {
  Story story;
  story.at(0s).proxy(0).client(1).at(60s).pushes(1);
  return story;
}

TEST(Pushes, TheFirstPageAfterTheEndShowsIt) {
  Story story = pushed();
  story.at(75s).page(0, story.lines(1)).at(90s).page(0, {});
  EXPECT_THAT(story.judged("5-pushes"), IsEmpty());
}

TEST(Pushes, AFirstPageWithoutItIsFound) {
  Story story = pushed();
  EXPECT_THAT(story.at(75s).page(0, {}).judged("5-pushes"),
              ElementsAre("75010 ms: scrape 0 of proxy 0 by scraper 0 shows no push 1 of client "
                          "1.1, stored at 60.010000 and due from 60.120000"));
}

TEST(Pushes, APageThatBeganTooSoonNeedNotShowIt) {
  Story story = pushed();
  EXPECT_THAT(story.at(60s + 200ms).page(0, {}).judged("5-pushes"), IsEmpty());
}

TEST(Pushes, EveryScraperIsOwedIt) {
  Story story = pushed();
  story.at(75s).page(0, story.lines(1)).at(76s).by(1).page(0, {});
  EXPECT_THAT(story.judged("5-pushes"), ElementsAre(HasSubstr("scrape 1 of proxy 0 by scraper 1")));
}

// A fire-and-forget push that was flushed, and never came.
Story flushed(history::ClientKind kind = history::ClientKind::kOurs) {
  Story story;
  story.at(0s).proxy(0).client(1, 0, kind).at(60s).push_begins(1, PushKind::kFireAndForget);
  return story.at(60s + 10ms).push_ends(1).disconnects(1).ends(1, ClientEnd::kLeft);
}

TEST(Pushes, OfTwoPagesOfOneScraperAtOnceEitherMayShowIt) {
  Story story = pushed();
  const auto scrape = [](std::uint64_t number) {
    return history::ScrapeBegan{ScrapeId{number}, ScraperId{0}, ProxyId{0}, 10s};
  };
  const auto answer = [](std::uint64_t number, Lines lines) {
    return history::ScrapeEnded{ScrapeId{number},
                                ScraperId{0},
                                ProxyId{0},
                                ScrapeResult::kWhole,
                                200,
                                std::move(lines),
                                {}};
  };
  story.at(75s).note(scrape(7)).at(75s + 1ms).note(scrape(8));
  story.at(75s + 10ms).note(answer(7, {})).at(75s + 20ms).note(answer(8, story.lines(1)));
  EXPECT_THAT(story.judged("5-pushes"), IsEmpty());
}

TEST(Pushes, WhatWasFlushedAndIsNotStoredIsFound) {
  EXPECT_THAT(flushed().at(10min).note(history::Ended{}).judged("5-pushes"),
              ElementsAre("60010 ms: push 1 of client 1.1 was flushed and is not stored by proxy "
                          "0"));
  EXPECT_THAT(
      flushed().at(60s + 20ms).push_stored(1).at(10min).note(history::Ended{}).judged("5-pushes"),
      IsEmpty());
}

TEST(Pushes, WhatWasFlushedMayBeLostWhereSomethingWasBroken) {
  Story faulty = flushed();
  faulty.at(50s).fault({kBalancer}, 1s).at(10min).note(history::Ended{});
  EXPECT_THAT(faulty.judged("5-pushes"), IsEmpty());
  Story draining = flushed();
  draining.at(60s).proxy_drains(0).at(10min).note(history::Ended{});
  EXPECT_THAT(draining.judged("5-pushes"), IsEmpty());
  Story java = flushed(history::ClientKind::kJava113);
  EXPECT_THAT(java.at(10min).note(history::Ended{}).judged("5-pushes"), IsEmpty());
}

// One that waits for its acknowledgement, and is refused.
Story refused() {
  Story story;
  story.at(0s).proxy(0).client(1).at(60s).push_begins(1);
  return story.at(60s + 10ms).push_ends(1, false).disconnects(1).ends(1, ClientEnd::kLeft);
}

TEST(Pushes, OneThatIsRefusedOnASoundConnectionIsFound) {
  EXPECT_THAT(refused().at(10min).note(history::Ended{}).judged("5-pushes"),
              ElementsAre("60010 ms: push 1 of client 1.1 failed, waited for on a sound connection "
                          "to proxy 0"));
}

TEST(Pushes, OneMayBeRefusedWhereSomethingWasBroken) {
  Story faulty = refused();
  faulty.at(50s).fault({kBalancer}, 1s).at(10min).note(history::Ended{});
  EXPECT_THAT(faulty.judged("5-pushes"), IsEmpty());
  Story full = refused();
  full.at(50s).fault({proxy_place(0)}, 1min, FaultEffect::kDisk);
  EXPECT_THAT(full.at(10min).note(history::Ended{}).judged("5-pushes"), IsEmpty());
  Story garbled = refused();
  garbled.at(50s).note(history::Garbled{{InstanceId{1}, 1}}).at(10min).note(history::Ended{});
  EXPECT_THAT(garbled.judged("5-pushes"), IsEmpty());
  Story second;
  second.at(0s).proxy(0).client(1).at(60s).push_begins(1).at(60s + 10ms).push_begins(1);
  second.push_ends(1, false).at(10min).note(history::Ended{});
  EXPECT_THAT(second.judged("5-pushes"), IsEmpty());
}

TEST(Pushes, WhatWasNotAcknowledgedIsOwedToNobody) {
  Story story;
  story.at(50s).fault({kBalancer}, 1s);
  story.at(0s).proxy(0).client(1).at(60s).push_begins(1).push_stored(1);
  story.at(61s).push_ends(1, false).ends(1, ClientEnd::kLeft).at(75s).page(0, {});
  EXPECT_THAT(story.judged("5-pushes"), IsEmpty());
}

TEST(Pushes, OfTwoOnOneConnectionTheLaterCounts) {
  Story story;
  story.at(0s).proxy(0).client(1).at(50s).push_begins(1).push_stored(1).push_ends(1);
  story.at(60s).pushes(1).at(75s).page(0, story.lines(1));
  EXPECT_THAT(story.judged("5-pushes"), IsEmpty());
}

TEST(Pushes, AMemoryStoreForgetsWithItsProxy) {
  Story story = pushed();
  story.at(62s).proxy_ends(0).at(65s).proxy(0).at(75s).page(0, {});
  EXPECT_THAT(story.judged("5-pushes"), IsEmpty());
}

TEST(Pushes, ADurableStoreDoesNot) {
  Story story = pushed();
  story.rules.durable_pushes = true;
  story.at(62s).proxy_ends(0).at(65s).proxy(0).at(75s).page(0, {});
  EXPECT_THAT(story.judged("5-pushes"), ElementsAre(HasSubstr("shows no push 1")));
}

TEST(Pushes, ADurableStoreOutlivesItsHost) {
  Story story = pushed();
  story.rules.durable_pushes = true;
  story.at(62s).proxy_ends(0, ProxyEnd::kLost).at(65s).proxy(0).at(75s).page(0, {});
  EXPECT_THAT(story.judged("5-pushes"), ElementsAre(HasSubstr("shows no push 1")));
}

TEST(Pushes, ADiskThatBreaksItsWordMayLoseThem) {
  Story story = pushed();
  story.rules.durable_pushes = true;
  story.at(62s).proxy_ends(0).at(65s).proxy(0).note(history::DiskBetrayed{ProxyId{0}});
  story.at(75s).page(0, {});
  EXPECT_THAT(story.judged("5-pushes"), IsEmpty());
}

TEST(Pushes, OneThatWasShownJustBeforeAKillMayBeShownOnceMore) {
  for (const auto late : {0s, 3s}) {
    Story story = pushed();
    story.rules.durable_pushes = true;
    story.at(75s).page(0, story.lines(1)).at(76s + late).proxy_ends(0, ProxyEnd::kKilled);
    story.at(80s).proxy(0).at(90s).page(0, story.lines(1));
    const std::size_t findings = late == 0s ? 0 : 1;
    EXPECT_THAT(story.judged("5-pushes"), testing::SizeIs(findings)) << late.count();
  }
}

TEST(Pushes, WhileABrokenPageMayStillArriveTheNextNeedNotShowIt) {
  Story story = pushed();
  story.at(75s).failed_scrape(0, ScrapeResult::kBroken).at(75s + 50ms).page(0, {});
  EXPECT_THAT(story.judged("5-pushes"), IsEmpty());
}

TEST(Pushes, ABrokenPageIsMadeGood) {
  Story story = pushed();
  story.at(75s).failed_scrape(0, ScrapeResult::kBroken).at(90s).page(0, {});
  EXPECT_THAT(story.judged("5-pushes"), ElementsAre(HasSubstr("scrape 1 of proxy 0")));
}

TEST(Pushes, LaterThanARegularScraperComesItMayBeGone) {
  Story story = pushed();
  story.at(75s).page(0, story.lines(1)).at(12min).by(1).page(0, {});
  EXPECT_THAT(story.judged("5-pushes"), IsEmpty());
}

TEST(Pushes, AScraperThatNeverCameDelaysNoRelease) {
  Story story;
  story.at(0s).proxy(0).at(6min).client(1).at(7min).pushes(1);
  story.at(8min).page(0, story.lines(1)).at(9min).by(1).page(0, {});
  EXPECT_THAT(story.judged("5-pushes"), IsEmpty());
}

TEST(Pushes, AScraperThatComesRegularlyDoes) {
  Story story;
  story.at(0s).proxy(0).by(1).at(5min).page(0, {}).at(6min).page(0, {});
  story.at(6min).client(1).at(7min).pushes(1);
  story.by(0).at(8min).page(0, story.lines(1)).at(9min).by(1).page(0, {});
  EXPECT_THAT(story.judged("5-pushes"), ElementsAre(HasSubstr("by scraper 1 shows no push")));
}

// Client 1 pushed at 7 min. Scraper 0 got it at 8 min, asked again at 8 min 15 s, and was answered
// 10 s later: confirmed, unless it is not. By then its first page may have been complete for 10 s.
Story shown_at_8min(bool is_confirmed = true) {
  Story story;
  story.at(0s).proxy(0).at(6min).client(1).at(7min).pushes(1);
  story.at(8min).unconfirmed_page(0, story.lines(1));
  const ScrapeId next{70};
  story.at(8min + 15s).note(history::ScrapeBegan{next, ScraperId{0}, ProxyId{0}, 10s});
  story.at(8min + 25s);
  if (is_confirmed) story.note(history::ScrapeConfirmed{ScrapeId{0}});
  const auto result = is_confirmed ? ScrapeResult::kWhole : ScrapeResult::kTimedOut;
  story.note(history::ScrapeEnded{next, ScraperId{0}, ProxyId{0}, result, 200, {}, {}});
  return story.by(1);
}

// `mixed` seed 3876: a client hung, so that the answer took its time.
TEST(Pushes, TheNextRequestLetsItGoLongBeforeItsAnswerTellsUs) {
  for (const bool is_confirmed : {true, false}) {
    Story story = shown_at_8min(is_confirmed);
    story.at(8min + 18s).page(0, {}).at(8min + 19s).page(0, {}).at(9min).page(0, {});
    EXPECT_THAT(story.judged("5-pushes"), IsEmpty()) << is_confirmed;
  }
}

TEST(Pushes, UntilTheNextRequestNothingLetsItGo) {
  EXPECT_THAT(shown_at_8min().at(8min + 14s).page(0, {}).judged("5-pushes"),
              ElementsAre(HasSubstr("by scraper 1 shows no push")));
}

TEST(Pushes, AFinThatWasNotHeardOfMayHaveLetItGo) {
  Story story = shown_at_8min();
  story.at(8min + 1s).fault({proxy_place(0)}, 1s).at(8min + 14s).page(0, {});
  EXPECT_THAT(story.judged("5-pushes"), IsEmpty());
}

TEST(Pushes, ItMayGoWhileAPageIsUnderWay) {
  Story story = shown_at_8min();
  story.at(8min + 14s).note(history::ScrapeBegan{ScrapeId{80}, ScraperId{1}, ProxyId{0}, 10s});
  story.at(8min + 16s)
      .note(history::ScrapeEnded{
          ScrapeId{80}, ScraperId{1}, ProxyId{0}, ScrapeResult::kWhole, 200, {}, {}});
  EXPECT_THAT(story.judged("5-pushes"), IsEmpty());
}

TEST(Pushes, NoPageShowsItWhileItsConnectionIsOpen) {
  Story story;
  story.at(0s).proxy(0).client(1).at(60s).push_begins(1).push_stored(1).push_ends(1);
  story.at(61s).page(0, story.lines(1)).at(62s).ends(1, ClientEnd::kLeft);
  EXPECT_THAT(story.judged("5-pushes"),
              ElementsAre("61010 ms: scrape 0 of proxy 0 shows push 1 of client 1.1, whose "
                          "connection ended at 62.000000"));
}

TEST(Pushes, AProxyThatCouldNotHearTheClientMayHaveGivenItUp) {
  Story story;
  story.at(0s).proxy(0).client(1).at(60s).push_begins(1).push_stored(1).push_ends(1);
  story.at(45s).fault({client_place(1)}, 30s);
  story.at(90s).page(0, story.lines(1)).at(91s).ends(1, ClientEnd::kLeft);
  EXPECT_THAT(story.judged("5-pushes"), IsEmpty());
}

TEST(Pushes, ARepeatAfterAConfirmedPageIsFound) {
  Story story = pushed();
  story.at(75s).page(0, story.lines(1)).at(90s).page(0, story.lines(1));
  EXPECT_THAT(story.judged("5-pushes"),
              ElementsAre("90010 ms: scrape 1 of proxy 0 by scraper 0 shows push 1 of client 1.1 "
                          "again after scrape 0, confirmed at 75.020000"));
}

TEST(Pushes, ARepeatAfterAPageThatWasNotConfirmedIsFine) {
  Story story = pushed();
  story.at(75s).unconfirmed_page(0, story.lines(1)).at(90s).page(0, story.lines(1));
  EXPECT_THAT(story.judged("5-pushes"), IsEmpty());
}

TEST(Pushes, AConfirmationThatMayHaveBeenLostExcusesARepeat) {
  Story story = pushed();
  story.at(75s).page(0, story.lines(1)).at(90s).page(0, story.lines(1));
  story.at(75s + 10ms).fault({scraper_place(0), proxy_place(0)}, 1s, FaultEffect::kBetween);
  EXPECT_THAT(story.judged("5-pushes"), IsEmpty());
}

TEST(Pushes, FireAndForgetIsNotRepeatedEither) {
  Story story;
  story.at(0s).proxy(0).client(1).at(60s).push_begins(1, PushKind::kFireAndForget).push_stored(1);
  story.at(61s).push_ends(1).ends(1, ClientEnd::kLeft);
  story.at(75s).page(0, story.lines(1)).at(90s).page(0, story.lines(1));
  EXPECT_THAT(story.judged("5-pushes"), ElementsAre(HasSubstr("again after scrape 0")));
}

TEST(Stored, AnAcknowledgementAfterTheStoreIsFine) {
  EXPECT_THAT(pushed().judged("6-stored"), IsEmpty());
}

TEST(Stored, AnAcknowledgementBeforeTheStoreIsFound) {
  Story story;
  story.at(0s).proxy(0).client(1).at(60s).push_begins(1).at(61s).push_ends(1);
  EXPECT_THAT(story.at(62s).push_stored(1).judged("6-stored"),
              ElementsAre("61000 ms: push 1 of client 1.1 is acknowledged and was not stored by "
                          "then"));
}

TEST(Stored, AStoreWhereTheClientIsNotConnectedIsFound) {
  Story story;
  story.at(0s).proxy(0).proxy(1).client(1).at(60s).push_begins(1).push_stored(1, 1);
  EXPECT_THAT(story.judged("6-stored"),
              ElementsAre("60000 ms: proxy 1 stored push 1 of client 1.1, which was not connected "
                          "there"));
}

// A Java model that is back uses the key it had, before one comes.
TEST(Stored, WhereAConnectionWithoutAKeyLeadsNobodyKnows) {
  Story story;
  story.at(0s).proxy(0).client(1, 0, history::ClientKind::kJava115).at(59s).disconnects(1);
  story.at(60s).note(history::Connected{story.who(1), 1}).push_begins(1).push_stored(1);
  EXPECT_THAT(story.judged("6-stored"), IsEmpty());
}

TEST(PushTime, APushThatEndsInTimeIsFine) {
  Story story;
  story.at(0s).proxy(0).client(1).at(60s).push_begins(1).at(65s).push_ends(1, false);
  EXPECT_THAT(story.judged("12-push-time"), IsEmpty());
}

TEST(PushTime, ALatePushIsFound) {
  Story story;
  story.at(0s).proxy(0).client(1).at(60s).push_begins(1).at(65s + 1ms).push_ends(1, false);
  EXPECT_THAT(story.judged("12-push-time"),
              ElementsAre("65001 ms: push 1 of client 1.1 ended at 65.001000, due at 65.000000"));
}

TEST(PushTime, APushThatNeverEndsIsFoundThoughItsClientLeft) {
  Story story;
  story.at(0s).proxy(0).client(1).at(60s).push_begins(1).at(61s).ends(1, ClientEnd::kLeft);
  EXPECT_THAT(story.at(70s).note(history::Ended{}).judged("12-push-time"),
              ElementsAre("70000 ms: push 1 of client 1.1 ended at never, due at 65.000000"));
}

TEST(PushTime, APushThatEndsTwiceIsFound) {
  EXPECT_THAT(pushed().at(61s).judged("12-push-time"), IsEmpty());
  Story story = pushed();
  EXPECT_THAT(story.at(61s).push_ends(1).judged("12-push-time"),
              ElementsAre("61000 ms: push 1 of client 1.1 ended twice"));
}

TEST(PushTime, TheDeathOfItsProcessEndsAPush) {
  Story story;
  story.at(0s).proxy(0).client(1).at(60s).push_begins(1).at(61s).ends(1, ClientEnd::kKilled);
  EXPECT_THAT(story.at(70s).note(history::Ended{}).judged("12-push-time"), IsEmpty());
}

TEST(PushTime, TheEndOfTheRunEndsAPush) {
  Story story;
  story.at(0s).proxy(0).client(1).at(60s).push_begins(1).at(64s).note(history::Ended{});
  EXPECT_THAT(story.judged("12-push-time"), IsEmpty());
}

TEST(PushTime, NothingBoundsAFireAndForgetPushOfAJavaModel) {
  for (const PushKind kind : {PushKind::kFireAndForget, PushKind::kAcknowledged}) {
    Story story;
    story.at(0s).proxy(0).client(1, 0, history::ClientKind::kJava115).at(60s).push_begins(1, kind);
    story.at(66s).push_ends(1, false);
    EXPECT_EQ(story.judged("12-push-time").empty(), kind == PushKind::kFireAndForget);
  }
}

TEST(PushTime, APauseExcusesLatenessAndALostLinkDoesNot) {
  for (const FaultEffect effect : {FaultEffect::kPause, FaultEffect::kTraffic}) {
    Story story;
    story.at(0s).proxy(0).client(1).at(60s).push_begins(1).at(66s).push_ends(1, false);
    story.at(62s).fault({client_place(1)}, 4s, effect);
    EXPECT_EQ(story.judged("12-push-time").empty(), effect == FaultEffect::kPause);
  }
}

}  // namespace
}  // namespace prometheus_rsocket::sim::oracle
