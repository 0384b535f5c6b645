// What is on pages: provenance, freshness, who is gone, who is newest.
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

Story one_client() {
  Story story;
  story.at(0s).proxy(0).proxy(1).client(1);
  return story;
}

// A page at 60 s, after somebody changed it.
std::vector<std::string> provenance_of(void (*change)(Lines&), const std::string& trouble = "") {
  Story story = one_client();
  story.at(60s).sample(1);
  Lines lines = story.lines(1);
  change(lines);
  return story.page(0, lines, trouble).judged("1-provenance");
}

TEST(Provenance, APageOfWhatAConnectedClientWroteIsFine) {
  EXPECT_THAT(provenance_of([](Lines&) {}), IsEmpty());
}

TEST(Provenance, ALineThatIsMissingIsFound) {
  EXPECT_THAT(provenance_of([](Lines& lines) { lines.pop_back(); }),
              ElementsAre("60010 ms: scrape 0 of proxy 0 shows sequence 1 of client 1.1: not all "
                          "its lines, or too many"));
}

TEST(Provenance, ALineThatStandsTwiceIsFound) {
  EXPECT_THAT(provenance_of([](Lines& lines) { lines.push_back(lines.front()); }),
              ElementsAre(HasSubstr("client 1.1: not its lines")));
}

TEST(Provenance, ALineOfAnotherKeyIsFound) {
  EXPECT_THAT(provenance_of([](Lines& lines) { lines[1].key = 2; }),
              ElementsAre(HasSubstr("client 1.1: not its lines")));
}

TEST(Provenance, AnotherValueIsFoundInAnyLine) {
  EXPECT_THAT(provenance_of([](Lines& lines) { lines[1].time_us += 1; }),
              ElementsAre(HasSubstr("client 1.1: it wrote another value")));
  EXPECT_THAT(provenance_of([](Lines& lines) {
                for (auto& line : lines) line.time_us += 1;
              }),
              ElementsAre(HasSubstr("client 1.1: it wrote another value")));
}

TEST(Provenance, ATextThatNobodyWroteIsFound) {
  EXPECT_THAT(provenance_of([](Lines& lines) {
                for (auto& line : lines) line.sequence = 9;
              }),
              ElementsAre(HasSubstr("sequence 9 of client 1.1: it wrote no such text")));
  EXPECT_THAT(provenance_of([](Lines& lines) {
                for (auto& line : lines) line.who.instance = InstanceId{7};
              }),
              ElementsAre(HasSubstr("client 7.1: nobody of this name ever lived")));
}

TEST(Provenance, WhatTheScrapersParserFoundIsFound) {
  EXPECT_THAT(provenance_of([](Lines&) {}, "line 3: a second TYPE"),
              ElementsAre("60010 ms: scrape 0 of proxy 0: line 3: a second TYPE"));
}

TEST(Provenance, AClientOfAnotherProxyIsFound) {
  Story story = one_client();
  EXPECT_THAT(story.at(60s).scrape(1, {1}).judged("1-provenance"),
              ElementsAre("60010 ms: scrape 0 of proxy 1 shows sequence 1 of client 1.1: it wrote "
                          "that on no connection with this proxy"));
}

TEST(Provenance, AClientThatMovedAwayBeforeItSampledIsFound) {
  Story story = one_client();
  story.at(50s).disconnects(1).at(52s).connects(1, 1).at(60s).scrape(0, {1});
  EXPECT_THAT(story.judged("1-provenance"), ElementsAre(HasSubstr("on no connection")));
}

TEST(Provenance, AJavaClientMayStillHaveItsOldConnection) {
  Story story;
  story.at(0s).proxy(0).proxy(1).client(1, 0, ClientKind::kJava114);
  story.at(50s).disconnects(1).at(52s).connects(1, 1).at(60s).scrape(0, {1});
  EXPECT_THAT(story.judged("1-provenance"), IsEmpty());
}

TEST(Provenance, ChangedBytesExcuseAPageInTheirTimeAlone) {
  Story story = one_client();
  story.at(55s).fault({kBalancer}, 10s, FaultEffect::kCorrupt);
  story.at(60s).sample(1).page(0, {story.lines(1)[0]});
  EXPECT_THAT(story.judged("1-provenance"), IsEmpty());
  story.at(75s).sample(1).page(0, {story.lines(1)[0]});
  EXPECT_THAT(story.judged("1-provenance"), ElementsAre(HasSubstr("75010 ms: scrape 1")));
}

TEST(Provenance, BytesThatChangeOnTheWayToAnotherProxyExcuseNothing) {
  Story story = one_client();
  story.at(55s).client(2, 1).fault({client_place(2)}, 10s, FaultEffect::kCorrupt);
  story.at(60s).sample(1).page(0, {story.lines(1)[0]});
  EXPECT_THAT(story.judged("1-provenance"), ElementsAre(HasSubstr("not all its lines")));
}

TEST(Provenance, WhoIsLeftBrokenExcusesNothing) {
  Story story = one_client();
  story.at(55s).heal({client_place(1)}).at(60s).sample(1).page(0, {story.lines(1)[0]});
  EXPECT_THAT(story.judged("1-provenance"), ElementsAre(HasSubstr("not all its lines")));
}

TEST(Provenance, ALostLinkExcusesNothing) {
  Story story = one_client();
  story.at(55s).fault({kBalancer}, 10s, FaultEffect::kTraffic);
  story.at(60s).sample(1).page(0, {story.lines(1)[0]});
  EXPECT_THAT(story.judged("1-provenance"), ElementsAre(HasSubstr("not all its lines")));
}

TEST(Provenance, APushWhoseBytesChangedIsExcusedWheneverItIsShown) {
  Story story = one_client();
  story.at(50s).fault({kBalancer}, 1s, FaultEffect::kCorrupt).pushes(1);
  Lines garbled = story.lines(1);
  for (auto& line : garbled) line.who.instance = InstanceId{7};
  EXPECT_THAT(story.at(60s).page(0, garbled).judged("1-provenance"), IsEmpty());
}

TEST(Freshness, SamplesOfASharedPullAreFresh) {
  Story story = one_client();
  story.at(60s).sample(1).at(60s + 100ms).page(0, story.lines(1));
  EXPECT_THAT(story.judged("2-freshness"), IsEmpty());
}

TEST(Freshness, SamplesFromBeforeAreStale) {
  Story story = one_client();
  story.at(60s).sample(1).at(60s + 101ms).page(0, story.lines(1));
  EXPECT_THAT(story.judged("2-freshness"),
              ElementsAre("60111 ms: scrape 0 of proxy 0, 60.101000 to 60.111000, shows what "
                          "client 1.1 sampled at 60.000000"));
}

TEST(Freshness, APushMayBeOld) {
  Story story = one_client();
  story.at(30s).pushes(1).at(60s).page(0, story.lines(1));
  EXPECT_THAT(story.judged("2-freshness"), IsEmpty());
}

TEST(Freshness, AFaultDoesNotMakeOldSamplesFresh) {
  Story story = one_client();
  story.at(0s).fault({client_place(1), proxy_place(0)}, 100s);
  story.at(50s).sample(1).at(60s).page(0, story.lines(1));
  EXPECT_THAT(story.judged("2-freshness"), ElementsAre(HasSubstr("sampled at 50.000000")));
}

TEST(Gone, AKilledClientMayBeOnAPageThatBeganBeforeTheProxyCouldKnow) {
  Story story = one_client();
  story.at(60s).sample(1).ends(1, ClientEnd::kKilled).at(60s + 199ms).page(0, story.lines(1));
  EXPECT_THAT(story.judged("3-gone"), IsEmpty());
}

TEST(Gone, AKilledClientIsOnNoLaterPage) {
  Story story = one_client();
  story.at(60s).sample(1).ends(1, ClientEnd::kKilled).at(60s + 200ms).page(0, story.lines(1));
  EXPECT_THAT(story.judged("3-gone"),
              ElementsAre("60210 ms: scrape 0 of proxy 0 began at 60.200000 and shows client 1.1, "
                          "which ended at 60.000000"));
}

TEST(Gone, ALostClientMayBeThereForItsLifetimeAndOneScrape) {
  Story story = one_client();
  story.at(60s).sample(1).ends(1, ClientEnd::kLost).at(95s).page(0, story.lines(1));
  EXPECT_THAT(story.judged("3-gone"), IsEmpty());
  story.at(96s).page(0, story.lines(1));
  EXPECT_THAT(story.judged("3-gone"), ElementsAre(HasSubstr("96010 ms: scrape 1")));
}

TEST(Gone, ADisturbedPathMayHideTheEnd) {
  Story story = one_client();
  story.at(59s).fault({client_place(1), proxy_place(0)}, 5s, FaultEffect::kBetween);
  story.at(60s).sample(1).ends(1, ClientEnd::kLeft).at(75s).page(0, story.lines(1));
  EXPECT_THAT(story.judged("3-gone"), IsEmpty());
  story.at(96s).page(0, story.lines(1));
  EXPECT_THAT(story.judged("3-gone"), ElementsAre(HasSubstr("96010 ms: scrape 1")));
}

TEST(Gone, APushIsShownAfterTheEnd) {
  Story story = one_client();
  story.at(30s).pushes(1).at(60s).page(0, story.lines(1));
  EXPECT_THAT(story.judged("3-gone"), IsEmpty());
}

TEST(Newest, TwoIncarnationsOnAPageAreFound) {
  Story story = one_client();
  story.at(60s).sample(1);
  const Lines old = story.lines(1);
  story.ends(1, ClientEnd::kLost).start(1).sample(1).page(0, old + story.lines(1));
  EXPECT_THAT(story.judged("4-newest"),
              ElementsAre("60010 ms: scrape 0 of proxy 0 shows client 1.1 sequence 1 and client "
                          "1.2 sequence 2"));
}

TEST(Newest, TwoTextsOfOneIncarnationAreFound) {
  Story story = one_client();
  story.at(60s).sample(1);
  const Lines old = story.lines(1);
  story.at(60s + 1ms).sample(1).page(0, old + story.lines(1));
  EXPECT_THAT(story.judged("4-newest"), ElementsAre(HasSubstr("client 1.1 sequence 1 and client "
                                                              "1.1 sequence 2")));
}

TEST(Newest, AnOlderOneInPlaceOfTheConnectedNewerIsFound) {
  Story story = one_client();
  story.at(50s).sample(1);
  const Lines old = story.lines(1);
  story.ends(1, ClientEnd::kLost).at(52s).client(1).at(60s).page(0, old).at(70s);
  EXPECT_THAT(story.note(history::Ended{}).judged("4-newest"),
              ElementsAre("60010 ms: scrape 0 of proxy 0 shows client 1.1 while client 1.2 is "
                          "connected"));
}

TEST(Newest, ThePushOfAnOlderOneStandsBesideTheNewer) {
  Story story = one_client();
  story.at(50s).pushes(1);
  const Lines push = story.lines(1);
  story.at(52s).client(1).at(60s).sample(1).page(0, push + story.lines(1));
  EXPECT_THAT(story.at(70s).note(history::Ended{}).judged("4-newest"), IsEmpty());
}

}  // namespace
}  // namespace prometheus_rsocket::sim::oracle
