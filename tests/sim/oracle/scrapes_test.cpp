// Scrapes: in time, good, and with every healthy client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "story.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

using history::ClientEnd;
using history::FaultEffect;
using history::ProxyEnd;
using history::ScrapeResult;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A client connected from the start; the run lasts ten minutes.
Story one_client() {
  Story story;
  story.at(0s).proxy(0).client(1).at(10min).note(history::Ended{});
  return story;
}

TEST(Scrapes, AGoodPageWithEverybodyIsFine) {
  EXPECT_THAT(one_client().at(60s).scrape(0, {1}).judged("8-scrapes"), IsEmpty());
}

TEST(Scrapes, AHealthyClientThatIsMissingIsFound) {
  EXPECT_THAT(one_client().at(60s).scrape(0, {}).judged("8-scrapes"),
              ElementsAre("60010 ms: scrape 0 of proxy 0, 60.000000 to 60.010000, lacks client "
                          "1.1, connected since 0.000000"));
}

TEST(Scrapes, AClientThatCameJustBeforeMayBeMissing) {
  EXPECT_THAT(one_client().at(199ms).scrape(0, {}).judged("8-scrapes"), IsEmpty());
  EXPECT_THAT(one_client().at(200ms).scrape(0, {}).judged("8-scrapes"), ElementsAre(HasSubstr("")));
}

TEST(Scrapes, AClientThatLeavesMeanwhileMayBeMissing) {
  Story story = one_client();
  story.at(60s).scrape(0, {}).at(60s + 110ms).ends(1, ClientEnd::kLeft);
  EXPECT_THAT(story.judged("8-scrapes"), IsEmpty());
}

TEST(Scrapes, AClientThatIsSentAwayMeanwhileMayBeMissing) {
  Story story = one_client();
  story.at(60s).scrape(0, {}).at(60s + 110ms).disconnects(1);
  EXPECT_THAT(story.judged("8-scrapes"), IsEmpty());
}

TEST(Scrapes, AClientThatHangsOrPushesMayBeMissing) {
  Story hung = one_client();
  hung.at(59s).note(history::Hung{hung.who(1)}).at(61s).note(history::Recovered{hung.who(1)});
  EXPECT_THAT(hung.at(60s).scrape(0, {}).judged("8-scrapes"), IsEmpty());
  Story pushing = one_client();
  EXPECT_THAT(pushing.at(59s).push_begins(1).at(60s).scrape(0, {}).judged("8-scrapes"), IsEmpty());
}

TEST(Scrapes, AClientWhosePathIsDisturbedMayBeMissing) {
  for (const Place& place : {client_place(1), proxy_place(0), kBalancer}) {
    Story story = one_client();
    EXPECT_THAT(story.at(55s).fault({place}, 10s).at(60s).scrape(0, {}).judged("8-scrapes"),
                IsEmpty());
  }
}

TEST(Scrapes, AFaultElsewhereExcusesNothing) {
  Story story = one_client();
  story.at(55s).fault({client_place(1), proxy_place(1)}, 10s, FaultEffect::kBetween);
  story.fault({client_place(2), scraper_place(1)}, 10s);
  EXPECT_THAT(story.at(60s).scrape(0, {}).judged("8-scrapes"), ElementsAre(HasSubstr("lacks")));
}

TEST(Scrapes, AConnectionThatMayHaveDiedSilentlyIsExcusedForItsLifetime) {
  Story story = one_client();
  story.at(50s).fault({kBalancer}, 1s);
  EXPECT_THAT(story.at(72s).scrape(0, {}).judged("8-scrapes"), IsEmpty());
  EXPECT_THAT(story.at(73s).scrape(0, {}).judged("8-scrapes"), ElementsAre(HasSubstr("73010 ms")));
}

TEST(Scrapes, WhereRoundTripsAreLongAClientThatWasLateTwiceMayBeMissing) {
  for (const Duration round_trip : {100ms, 300ms}) {
    Story story = one_client();
    story.rules.round_trip_max = round_trip;
    story.at(20s).note(history::Hung{story.who(1)}).at(55s).note(history::Recovered{story.who(1)});
    story.at(30s).scrape(0, {}).at(45s).scrape(0, {}).at(60s).scrape(0, {});
    EXPECT_EQ(story.judged("8-scrapes").empty(), round_trip == 300ms);
  }
}

TEST(Scrapes, AScrapeThatEndsAfterItsTimeoutIsFound) {
  Story story = one_client();
  story.at(60s).failed_scrape(0, ScrapeResult::kAborted, 0, 10s + 1ms);
  EXPECT_THAT(story.judged("8-scrapes"),
              ElementsAre("70001 ms: scrape 0 of proxy 0 by scraper 0, begun at 60.000000, ended "
                          "after its timeout (status 0)"));
}

TEST(Scrapes, AScrapeThatDoesNotEndIsFound) {
  Story story = one_client();
  story.at(60s).note(history::ScrapeBegan{ScrapeId{7}, ScraperId{0}, ProxyId{0}, 10s});
  EXPECT_THAT(story.judged("8-scrapes"), ElementsAre(HasSubstr("scrape 7 of proxy 0")));
}

TEST(Scrapes, AClientThatTakesALostProxyForItsNextLifeMayBeMissing) {
  Story story = one_client();
  story.at(40s).proxy_ends(0, ProxyEnd::kLost).at(45s).proxy(0).at(60s).scrape(0, {});
  EXPECT_THAT(story.judged("8-scrapes"), IsEmpty());
}

TEST(Scrapes, AScraperThatReadsSlowlyMayTimeOut) {
  Story story = one_client();
  story.at(60s).note(history::ScrapeBegan{ScrapeId{7}, ScraperId{0}, ProxyId{0}, 10s, true});
  story.at(70s).note(history::ScrapeEnded{
      ScrapeId{7}, ScraperId{0}, ProxyId{0}, ScrapeResult::kTimedOut, 0, {}, {}});
  EXPECT_THAT(story.judged("8-scrapes"), IsEmpty());
}

TEST(Scrapes, AScrapeThatFailsForNoReasonIsFound) {
  for (const auto result :
       {ScrapeResult::kRefused, ScrapeResult::kBroken, ScrapeResult::kTimedOut}) {
    EXPECT_THAT(one_client().at(60s).failed_scrape(0, result).judged("8-scrapes"),
                ElementsAre(HasSubstr("begun at 60.000000, failed")));
  }
  EXPECT_THAT(one_client().at(60s).failed_scrape(0, ScrapeResult::kWhole, 500).judged("8-scrapes"),
              ElementsAre(HasSubstr("failed (status 500)")));
}

TEST(Scrapes, AProxyThatDrainsAnswersNobodyASecondBeforeItEnds) {
  for (const Duration rest : {1s + 100ms, 1s + 101ms}) {
    Story story = one_client();
    story.at(50s).proxy_drains(0).at(60s).failed_scrape(0, ScrapeResult::kRefused);
    story.at(60s + 10ms + rest).proxy_ends(0, ProxyEnd::kExited);
    EXPECT_EQ(story.judged("8-scrapes").empty(), rest == 1s + 100ms);
  }
  Story story = one_client();
  story.at(60s).failed_scrape(0, ScrapeResult::kRefused).at(61s).proxy_ends(0);
  EXPECT_THAT(story.judged("8-scrapes"), ElementsAre(HasSubstr("failed")));
}

TEST(Scrapes, TheScrapersOwnAbortIsFine) {
  EXPECT_THAT(one_client().at(60s).failed_scrape(0, ScrapeResult::kAborted).judged("8-scrapes"),
              IsEmpty());
}

TEST(Scrapes, ADisturbedScraperMayFail) {
  Story story = one_client();
  story.at(59s).fault({scraper_place(0), proxy_place(0)}, 10s, FaultEffect::kBetween);
  EXPECT_THAT(story.at(60s).failed_scrape(0, ScrapeResult::kTimedOut).judged("8-scrapes"),
              IsEmpty());
}

TEST(Scrapes, AProxyThatIsNotThereMayFail) {
  Story story = one_client();
  story.at(2min).proxy_ends(0).failed_scrape(0, ScrapeResult::kBroken);
  story.at(3min).failed_scrape(0, ScrapeResult::kRefused);
  EXPECT_THAT(story.judged("8-scrapes"), IsEmpty());
}

TEST(Scrapes, TheFirstScrapeAfterACrashMayGoOverADeadConnectionAndNoFurther) {
  Story story = one_client();
  story.at(60s).scrape(0, {1}).at(70s).proxy_ends(0, ProxyEnd::kLost).at(72s).proxy(0);
  story.at(75s).failed_scrape(0, ScrapeResult::kBroken);
  EXPECT_THAT(story.judged("8-scrapes"), IsEmpty());
  story.at(90s).failed_scrape(0, ScrapeResult::kBroken);
  EXPECT_THAT(story.judged("8-scrapes"), ElementsAre(HasSubstr("scrape 2 of proxy 0")));
}

TEST(Scrapes, ARefusalNeedsFourOthers) {
  for (const std::uint32_t others : {3U, 4U}) {
    Story story = one_client();
    for (std::uint32_t i = 1; i <= others; ++i) {
      story.at(60s).by(i).failed_scrape(0, ScrapeResult::kAborted, 0, 9s);
    }
    story.at(61s).by(0).failed_scrape(0, ScrapeResult::kWhole, 503);
    EXPECT_EQ(story.judged("8-scrapes").empty(), others == 4);
  }
}

}  // namespace
}  // namespace prometheus_rsocket::sim::oracle
