// Who has which name: pages of single clients, lists, what addresses are told, and whose connection
// is ended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "story.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

using history::ClientEnd;
using history::ClientKind;
using history::FaultEffect;
using history::List;
using history::Listed;
using history::View;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Client 1 has been with proxy 0 for long.
Story one_client() {
  Story story;
  story.at(0s).proxy(0).proxy(1).client(1);
  return story;
}

std::vector<std::string> judged(Story story, std::string_view oracle) {
  return story.at(900s).note(history::Ended{}).judged(oracle);
}

// ---- I1

TEST(Identity, APageOfTheClientOfThatNameIsFine) {
  EXPECT_THAT(judged(one_client().at(60s).client_page(0, 1, 200, {1}), "I1-identity"), IsEmpty());
}

TEST(Identity, AnImpostorInPlaceOfTheLivingOneIsFound) {
  Story story = one_client().at(30s).impostor(2, 1);
  EXPECT_THAT(judged(story.at(60s).client_page(0, 1, 200, {2}), "I1-identity"),
              ElementsAre("60010 ms: scrape 0 of proxy 0, the page of client 1, shows samples of "
                          "client 2.1, though client 1.1 has had that name there since 0.000000"));
}

TEST(Identity, OnceTheOtherHungAnImpostorMayHaveTheName) {
  Story story = one_client().at(29s).note(history::Hung{{InstanceId{1}, 1}});
  story.at(30s).impostor(2, 1).at(40s).note(history::Recovered{{InstanceId{1}, 1}});
  EXPECT_THAT(judged(story.at(60s).client_page(0, 1, 200, {2}), "I1-identity"), IsEmpty());
}

TEST(Identity, OnceTheOtherIsDeadAnImpostorMayHaveTheName) {
  Story story = one_client().at(29s).ends(1, ClientEnd::kKilled).at(30s).impostor(2, 1);
  EXPECT_THAT(judged(story.at(60s).client_page(0, 1, 200, {2}), "I1-identity"), IsEmpty());
}

TEST(Identity, OfTwoThatCameAtOnceEitherMayHaveTheName) {
  Story story = one_client().at(50ms).impostor(2, 1);
  EXPECT_THAT(judged(story.at(60s).client_page(0, 1, 200, {2}), "I1-identity"), IsEmpty());
}

TEST(Identity, SomebodyOfAnotherNameIsFound) {
  Story story = one_client().at(0s).client(2);
  EXPECT_THAT(judged(story.at(60s).client_page(0, 1, 200, {2}), "I1-identity"),
              ElementsAre(HasSubstr("the page of client 1, shows samples of client 2.1")));
}

TEST(Identity, TwoOnOnePageAreFound) {
  Story story = one_client().at(0s).client(2);
  EXPECT_THAT(judged(story.at(60s).client_page(0, 1, 200, {1, 2}), "I1-identity"),
              testing::Contains(HasSubstr("shows samples of several")));
}

TEST(Identity, AnEmptyPageIsFound) {
  EXPECT_THAT(judged(one_client().at(60s).client_page(0, 1, 200, {}), "I1-identity"),
              ElementsAre(HasSubstr("the page of client 1, shows nobody")));
}

TEST(Identity, APushOnAClientsPageIsFound) {
  Story story = one_client().at(30s).push_begins(1).push_stored(1);
  story.at(60s).of({View::kClient, InstanceId{1}}).page(0, story.lines(1));
  EXPECT_THAT(judged(story, "I1-identity"),
              testing::Contains(HasSubstr("shows a push of client 1.1")));
}

TEST(Identity, LiveSamplesAmongPushesAreFound) {
  Story story = one_client().at(60s).of({View::kPushes}).scrape(0, {1});
  EXPECT_THAT(judged(story, "I1-identity"),
              ElementsAre(HasSubstr("the page of pushes, shows live samples of client 1.1")));
}

TEST(Identity, ThePageOfAnAddressIsItsClients) {
  Story story;
  story.at(0s).proxy(0).client(1, 0, ClientKind::kJava114).client(2, 0, ClientKind::kJava114);
  story.at(60s).of({View::kClient, {}, client_place(1)}).scrape(0, {1});
  EXPECT_THAT(judged(story, "I1-identity"), IsEmpty());
  EXPECT_THAT(
      judged(story.at(75s).scrape(0, {2}), "I1-identity"),
      ElementsAre(HasSubstr("the page of client at client 1, shows samples of client 2.1")));
}

TEST(Identity, NothingIsJudgedOnceBytesMayHaveChangedInASetup) {
  Story story = one_client().at(10s).fault({kBalancer}, 1s, FaultEffect::kCorrupt);
  story.at(30s).impostor(2, 1).at(60s).client_page(0, 1, 200, {2});
  EXPECT_THAT(judged(story, "I1-identity"), IsEmpty());
}

// ---- I2

TEST(Lists, AHealthyClientThatIsThereIsFine) {
  EXPECT_THAT(judged(one_client().at(60s).sd(0, {1}), "I2-lists"), IsEmpty());
}

TEST(Lists, AHealthyClientThatIsMissingIsFound) {
  EXPECT_THAT(
      judged(one_client().at(60s).sd(0, {}), "I2-lists"),
      ElementsAre("60010 ms: /sd of proxy 0, read by scraper 0 from 60.000000 to 60.010000, "
                  "lacks client 1"));
}

TEST(Lists, AClientMayBeMissingForARoundTrip) {
  EXPECT_THAT(judged(one_client().at(99ms).sd(0, {}), "I2-lists"), IsEmpty());
  EXPECT_THAT(judged(one_client().at(100ms).sd(0, {}), "I2-lists"),
              ElementsAre(HasSubstr("lacks client 1")));
}

TEST(Lists, ANameThatStandsTwiceIsFoundWhoeverClaimsIt) {
  Story story = one_client().at(30s).impostor(2, 1);
  EXPECT_THAT(judged(story.at(60s).sd(0, {1, 1}), "I2-lists"),
              ElementsAre(HasSubstr("has client 1 2 times")));
}

TEST(Lists, OneThatVanishedIsListedUntilItsGrace) {
  Story story = one_client().at(60s).ends(1, ClientEnd::kKilled);
  story.at(61s).sd(0, {1}).at(119s).sd(0, {1}).at(121s).sd(0, {});
  EXPECT_THAT(judged(story, "I2-lists"), IsEmpty());
}

TEST(Lists, OneThatVanishedAndIsForgottenIsFound) {
  Story story = one_client().at(60s).ends(1, ClientEnd::kKilled);
  EXPECT_THAT(judged(story.at(61s).sd(0, {}), "I2-lists"),
              ElementsAre(HasSubstr("lacks client 1")));
}

TEST(Lists, OneThatVanishedAndIsNeverForgottenIsFound) {
  Story story = one_client().at(60s).ends(1, ClientEnd::kKilled);
  EXPECT_THAT(judged(story.at(121s).sd(0, {1}), "I2-lists"),
              ElementsAre(HasSubstr("has client 1, and nobody of that name is there")));
}

TEST(Lists, OfALostHostTheProxyHearsALifetimeLater) {
  Story story = one_client().at(60s).ends(1, ClientEnd::kLost).at(140s).sd(0, {1});
  EXPECT_THAT(judged(story, "I2-lists"), IsEmpty());
  EXPECT_THAT(judged(story.at(141s).sd(0, {1}), "I2-lists"),
              ElementsAre(HasSubstr("has client 1")));
}

TEST(Lists, OneThatLeftIsGoneAtOnce) {
  Story story = one_client().at(60s).disconnects(1).ends(1, ClientEnd::kLeft);
  EXPECT_THAT(judged(story.at(61s).sd(0, {}), "I2-lists"), IsEmpty());
  EXPECT_THAT(judged(story.at(62s).sd(0, {1}), "I2-lists"), ElementsAre(HasSubstr("has client 1")));
}

TEST(Lists, WhereAGoodbyeMayBeCutItMaySeemToHaveVanished) {
  Story story = one_client().at(60s).disconnects(1).ends(1, ClientEnd::kLeft);
  story.rules.goodbyes_may_be_cut = true;
  EXPECT_THAT(judged(story.at(62s).sd(0, {1}), "I2-lists"), IsEmpty());
}

TEST(Lists, ADisturbedPathMayHideTheGoodbye) {
  Story story = one_client().at(59s).fault({client_place(1), proxy_place(0)}, 5s);
  story.at(60s).disconnects(1).ends(1, ClientEnd::kLeft).at(100s).sd(0, {1});
  EXPECT_THAT(judged(story, "I2-lists"), IsEmpty());
}

TEST(Lists, OneThatPushedMayHaveLeft) {
  Story story = one_client().at(60s).push_begins(1).ends(1, ClientEnd::kKilled);
  EXPECT_THAT(judged(story.at(61s).sd(0, {}), "I2-lists"), IsEmpty());
}

TEST(Lists, WhoeverHadTheNameSinceMayHaveLeftWithIt) {
  Story story = one_client().at(60s).ends(1, ClientEnd::kKilled).at(62s).impostor(2, 1);
  story.at(64s).disconnects(2).ends(2, ClientEnd::kLeft).at(65s).sd(0, {});
  EXPECT_THAT(judged(story, "I2-lists"), IsEmpty());
}

TEST(Lists, AConnectionWhosePlaceTheSameProcessTookLeavesNobodyBehind) {
  Story story;
  story.at(0s).proxy(0).start(1).connects(1, 0, 1);
  story.at(40s).fault({client_place(1), proxy_place(0)}, 2s).at(41s).disconnects(1, 1);
  story.at(50s).connects(1, 0, 2).at(100s).disconnects(1, 2).ends(1, ClientEnd::kLeft);
  EXPECT_THAT(judged(story.at(110s).sd(0, {1}), "I2-lists"),
              ElementsAre(HasSubstr("has client 1")));
}

TEST(Lists, AnotherStatusAndWhatTheReaderFoundAreFound) {
  EXPECT_THAT(judged(one_client().at(60s).list(0, {}, List::kTargets, 500), "I2-lists"),
              ElementsAre(HasSubstr("has status 500")));
  Story story = one_client();
  story.at(60s).note(history::ListRead{
      ScraperId{0}, ProxyId{0}, List::kTargets, kStart + 60s, 200, {}, true, "it leads elsewhere"});
  EXPECT_THAT(judged(story, "I2-lists"), ElementsAre(HasSubstr("it leads elsewhere")));
}

TEST(Lists, ATargetListWithoutPushesIsFound) {
  Story story = one_client();
  story.at(60s).note(history::ListRead{ScraperId{0},
                                       ProxyId{0},
                                       List::kTargets,
                                       kStart + 60s,
                                       200,
                                       {listed(1, client_place(1))},
                                       false,
                                       ""});
  EXPECT_THAT(judged(story, "I2-lists"), ElementsAre(HasSubstr("lacks /metrics/pushes")));
}

Listed row(bool shares_name) {
  Listed row = listed(1, client_place(1));
  row.shares_name = shares_name;
  return row;
}

TEST(Table, WhereTwoHaveOneNameBothAreThereAndFlagged) {
  Story story = one_client().at(30s).impostor(2, 1);
  EXPECT_THAT(judged(story.at(60s).list(0, {row(true), row(true)}, List::kTable), "I2-lists"),
              IsEmpty());
}

TEST(Table, OneOfTwoThatIsMissingIsFound) {
  Story story = one_client().at(30s).impostor(2, 1);
  EXPECT_THAT(judged(story.at(60s).list(0, {row(true)}, List::kTable), "I2-lists"),
              ElementsAre(HasSubstr("has client 1 1 times, which has 2 to 2 connections")));
}

TEST(Table, TwoThatAreNotFlaggedAreFound) {
  Story story = one_client().at(30s).impostor(2, 1);
  EXPECT_THAT(judged(story.at(60s).list(0, {row(false), row(true)}, List::kTable), "I2-lists"),
              ElementsAre(HasSubstr("does not say that client 1 shares its name")));
}

TEST(Table, OneThatIsFlaggedAloneIsFound) {
  EXPECT_THAT(judged(one_client().at(60s).list(0, {row(true)}, List::kTable), "I2-lists"),
              ElementsAre(HasSubstr("says that client 1 shares its name")));
}

TEST(Table, MoreRowsThanConnectionsAreFound) {
  EXPECT_THAT(
      judged(one_client().at(60s).list(0, {row(false), row(false)}, List::kTable), "I2-lists"),
      ElementsAre(HasSubstr("has client 1 2 times")));
}

TEST(Lists, AnIdThatChangesIsFound) {
  Listed changed = listed(1, client_place(1));
  changed.id = history::TargetId{7};
  Story story = one_client().at(60s).sd(0, {1}).at(90s).list(0, {changed});
  EXPECT_THAT(judged(story, "I2-lists"), ElementsAre(HasSubstr("gives ID 7 to client 1")));
}

TEST(Lists, AnIdOfTwoIsFound) {
  Listed same = listed(2, client_place(2));
  same.id = history::TargetId{101};
  Story story = one_client().at(0s).client(2).at(60s).list(0, {listed(1, client_place(1)), same});
  EXPECT_THAT(judged(story, "I2-lists"), ElementsAre(HasSubstr("gives ID 101 to client 2")));
}

TEST(Lists, WhatAnEarlierLifeOfTheProxyWasAskedProvesNothing) {
  Story story = one_client().at(60s).sd(0, {}).at(60s + 5ms).proxy_ends(0).proxy(0);
  EXPECT_THAT(judged(story, "I2-lists"), IsEmpty());
}

// ---- I3

TEST(Status, WhatEachShouldHaveIsFine) {
  Story story = one_client().at(60s).client_page(0, 1, 200, {1});
  story.at(70s).note(history::Hung{story.who(1)}).at(80s).client_page(0, 1, 504);
  story.at(90s).note(history::Recovered{story.who(1)}).note(history::Garbled{story.who(1)});
  story.at(100s).client_page(0, 1, 502).at(110s).note(history::Mended{story.who(1)});
  story.at(120s).ends(1, ClientEnd::kKilled).at(130s).client_page(0, 1, 504);
  EXPECT_THAT(judged(story.at(300s).client_page(0, 1, 404), "I3-status"), IsEmpty());
}

TEST(Status, AHealthyClientThatIsNotShownIsFound) {
  for (const int status : {502, 504}) {
    EXPECT_THAT(judged(one_client().at(60s).client_page(0, 1, status), "I3-status"),
                ElementsAre(HasSubstr("and should have 200: it answers")));
  }
  EXPECT_THAT(judged(one_client().at(60s).client_page(0, 1, 404), "I3-status"),
              testing::Contains(HasSubstr("not 404: it is connected")));
}

TEST(Status, AHungClientThatIsShownIsFound) {
  Story story = one_client().at(30s).note(history::Hung{{InstanceId{1}, 1}});
  EXPECT_THAT(judged(story.at(60s).client_page(0, 1, 200, {1}), "I3-status"),
              ElementsAre("60010 ms: scrape 0 of proxy 0, the page of client 1, 60.000000 to "
                          "60.010000, has status 200, and should have 504: it hangs"));
}

TEST(Status, OneThatHangsForAPartOfItMayHaveEither) {
  Story story = one_client().at(60s).note(history::Hung{{InstanceId{1}, 1}});
  story.at(60s + 5ms).note(history::Recovered{{InstanceId{1}, 1}});
  EXPECT_THAT(judged(story.at(60s).client_page(0, 1, 504), "I3-status"), IsEmpty());
}

TEST(Status, AMalformedAnswerThatIsShownOrCalledLateIsFound) {
  for (const int status : {200, 504}) {
    Story story = one_client().at(30s).note(history::Garbled{{InstanceId{1}, 1}});
    EXPECT_THAT(judged(story.at(60s).client_page(0, 1, status), "I3-status"),
                ElementsAre(HasSubstr("502: what it answers is malformed")));
  }
}

TEST(Status, OneThatVanishedAndIsNotFoundIsFound) {
  Story story = one_client().at(60s).ends(1, ClientEnd::kKilled);
  EXPECT_THAT(judged(story.at(61s).client_page(0, 1, 404), "I3-status"),
              ElementsAre(HasSubstr("504: it vanished")));
}

TEST(Status, WhoIsGoneForLongAndIsCalledLateIsFound) {
  Story story = one_client().at(60s).ends(1, ClientEnd::kKilled);
  EXPECT_THAT(judged(story.at(300s).client_page(0, 1, 504), "I3-status"),
              ElementsAre(HasSubstr("404: nobody has that name")));
}

TEST(Status, AnyOtherIsFound) {
  EXPECT_THAT(judged(one_client().at(60s).client_page(0, 1, 500), "I3-status"),
              ElementsAre(HasSubstr("one of 200, 404, 502 and 504")));
}

TEST(Status, OfTwoOfWhomOneHangsEitherMayBeAsked) {
  Story story = one_client().at(30s).impostor(2, 1).note(history::Hung{{InstanceId{1}, 1}});
  story.at(60s).client_page(0, 1, 504).at(75s).client_page(0, 1, 200, {2});
  EXPECT_THAT(judged(story, "I3-status"), IsEmpty());
}

TEST(Status, WhereTheSameProcessCameAgainTheOldConnectionIsNotAsked) {
  Story story;
  story.at(0s).proxy(0).start(1).connects(1, 0, 1).at(40s).connects(1, 0, 2);
  EXPECT_THAT(judged(story.at(60s).client_page(0, 1, 504), "I3-status"),
              ElementsAre(HasSubstr("200: it answers")));
}

// ---- I4

Story behind_a_balancer(bool tells) {
  Story story = one_client();
  story.rules.has_load_balancer = true;
  story.rules.tells_addresses_of_tcp = tells;
  story.rules.tells_addresses_of_websocket = tells;
  return story;
}

TEST(Addresses, ItsOwnIsFine) {
  EXPECT_THAT(judged(one_client().at(60s).sd(0, {1}), "I4-addresses"), IsEmpty());
  EXPECT_THAT(judged(behind_a_balancer(true).at(60s).sd(0, {1}), "I4-addresses"), IsEmpty());
}

TEST(Addresses, BehindABalancerThatDoesNotTellItIsTheBalancers) {
  Story story = behind_a_balancer(false).at(60s).list(0, {listed(1, kBalancer)});
  EXPECT_THAT(judged(story, "I4-addresses"), IsEmpty());
  EXPECT_THAT(judged(story.at(75s).sd(0, {1}), "I4-addresses"),
              ElementsAre("75010 ms: /sd of proxy 0, read by scraper 0, has client 1, at client "
                          "1, which it is not"));
}

TEST(Addresses, TheBalancersWhereItTellsIsFound) {
  Story story = behind_a_balancer(true).at(60s).list(0, {listed(1, kBalancer)});
  EXPECT_THAT(judged(story, "I4-addresses"),
              ElementsAre(HasSubstr("at the load balancer, which tells")));
}

TEST(Addresses, ABalancerMayTellOfWebSocketsAlone) {
  Story story = behind_a_balancer(true);
  story.rules.tells_addresses_of_tcp = false;
  Listed websocket = listed(1, client_place(1));
  websocket.is_websocket = true;
  EXPECT_THAT(judged(story.at(60s).list(0, {websocket}), "I4-addresses"), IsEmpty());
  EXPECT_THAT(judged(story.at(75s).sd(0, {1}), "I4-addresses"),
              ElementsAre(HasSubstr("which it is not")));
}

TEST(Addresses, SomebodyElsesIsFound) {
  Story story = one_client().at(0s).client(2).at(60s).list(0, {listed(1, client_place(2))});
  EXPECT_THAT(judged(story, "I4-addresses"), ElementsAre(HasSubstr("client 1, at client 2")));
}

TEST(Addresses, AForgedOneIsFound) {
  Listed nobody{history::TargetId{7}};
  Listed of_a_client{history::TargetId{8}, {}, client_place(1)};
  Story story = one_client().at(60s).list(0, {listed(1, client_place(1)), nobody, of_a_client});
  EXPECT_THAT(
      judged(story, "I4-addresses"),
      ElementsAre(HasSubstr("has a client without a name, at an address where nobody lives"),
                  HasSubstr("has a client without a name, at client 1, which it is not")));
}

TEST(Addresses, AHostilePeerIsListedAtItsOwnWithoutAName) {
  const Place hostile{Place::Kind::kHostile, 3};
  Listed nameless{history::TargetId{7}, {}, hostile};
  EXPECT_THAT(judged(one_client().at(60s).list(0, {nameless}), "I4-addresses"), IsEmpty());
  EXPECT_THAT(judged(one_client().at(60s).list(0, {listed(1, hostile)}), "I4-addresses"),
              ElementsAre(HasSubstr("at a hostile peer, which has no name")));
}

// ---- I5

TEST(Kept, AConnectionThatEndsForNoReasonIsFound) {
  Story story = one_client().at(30s).impostor(2, 1).at(30s + 10ms).disconnects(1);
  EXPECT_THAT(judged(story.at(33s).connects(1), "I5-kept"),
              ElementsAre("30010 ms: client 1.1 lost its connection with proxy 0, there since "
                          "0.000000, though nothing was wrong with it"));
}

TEST(Kept, WhoHungMayHaveMissedAProbe) {
  Story story = one_client().at(29s).note(history::Hung{{InstanceId{1}, 1}}).impostor(2, 1);
  story.at(40s).note(history::Recovered{{InstanceId{1}, 1}}).at(40s + 10ms).disconnects(1);
  EXPECT_THAT(judged(story, "I5-kept"), IsEmpty());
}

TEST(Kept, WhoLeavesOrDiesEndsIt) {
  Story story = one_client().at(0s).client(2).client(3);
  story.at(60s).disconnects(1).ends(1, ClientEnd::kLeft).ends(2, ClientEnd::kKilled).pushes(3);
  EXPECT_THAT(judged(story, "I5-kept"), IsEmpty());
}

TEST(Kept, ADrainEndsIt) {
  Story story = one_client().at(60s).proxy_drains(0).at(65s).disconnects(1);
  EXPECT_THAT(judged(story, "I5-kept"), IsEmpty());
}

TEST(Kept, ADisturbedPathEndsIt) {
  Story story = one_client().at(55s).fault({kBalancer}, 1s).at(60s).disconnects(1);
  EXPECT_THAT(judged(story, "I5-kept"), IsEmpty());
}

TEST(Kept, AnAgeEndsIt) {
  Story story = one_client().at(60s).disconnects(1);
  story.rules.connection_age = 2min;
  EXPECT_THAT(judged(story, "I5-kept"), IsEmpty());
}

TEST(Kept, ItsOwnNewConnectionEndsTheOld) {
  Story story;
  story.at(0s).proxy(0).start(1).connects(1, 0, 1).at(40s).connects(1, 0, 2);
  EXPECT_THAT(judged(story.at(41s).disconnects(1, 1), "I5-kept"), IsEmpty());
}

// ---- Pushes on /metrics/pushes, and 8 on the pages of one.

TEST(PushesApart, APushIsOwedToEachViewOfAScraper) {
  Story story = one_client().at(60s).pushes(1);
  story.at(75s).page(0, story.lines(1)).of({View::kPushes}).at(80s).page(0, {});
  EXPECT_THAT(judged(story, "5-pushes"),
              ElementsAre(HasSubstr("by scraper 0 on /metrics/pushes shows no push 1")));
}

TEST(PushesApart, APushOnBothViewsIsNoRepeat) {
  Story story = one_client().at(60s).pushes(1);
  story.at(75s).page(0, story.lines(1)).of({View::kPushes}).at(80s).page(0, story.lines(1));
  EXPECT_THAT(judged(story, "5-pushes"), IsEmpty());
  EXPECT_THAT(judged(story.at(95s).page(0, story.lines(1)), "5-pushes"),
              ElementsAre(HasSubstr("by scraper 0 on /metrics/pushes shows push 1")));
}

TEST(Scrapes, AClientsPageWithAnyStatusHasAnEndAndLacksNobody) {
  Story story = one_client().at(0s).client(2).at(60s).client_page(0, 1, 504);
  EXPECT_THAT(judged(story.at(75s).client_page(0, 1, 200, {1}), "8-scrapes"), IsEmpty());
  story.of({View::kClient, InstanceId{1}}).at(90s);
  story.failed_scrape(0, history::ScrapeResult::kTimedOut, 0, 10s);
  EXPECT_THAT(judged(story, "8-scrapes"), ElementsAre(HasSubstr("failed")));
}

TEST(Scrapes, OneThatWasLateOnItsOwnPageMayBeWaitedForForAShortTime) {
  Story story = one_client();
  story.rules.round_trip_max = 1s;
  story.at(30s).client_page(0, 1, 504).at(45s).client_page(0, 1, 504).at(60s).scrape(0, {});
  EXPECT_THAT(judged(story, "8-scrapes"), IsEmpty());
}

TEST(Scrapes, APageOfOnesOwnThatCameLaterExcusesNothing) {
  Story story = one_client();
  story.rules.round_trip_max = 1s;
  story.at(30s).client_page(0, 1, 504).at(45s).client_page(0, 1, 504).at(60s).scrape(0, {});
  story.at(60s + 20ms).client_page(0, 1, 200, {1});
  EXPECT_THAT(judged(story, "8-scrapes"), IsEmpty());
}

}  // namespace
}  // namespace prometheus_rsocket::sim::oracle
