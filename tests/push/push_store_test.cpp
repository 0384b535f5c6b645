// Promise 5 of a scrape, one test a clause.
#include "push/push_store.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::push {
namespace {

using base::Instant;
using std::chrono::minutes;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

class PushStoreTest : public ::testing::Test {
 protected:
  boost::system::error_code put(const std::string& client, const std::string& text) {
    boost::system::error_code outcome = PushError::kFull;
    int calls = 0;
    auto exposition = std::make_shared<exposition::Exposition>();
    exposition->text = text;
    store.put(ClientId{client}, std::move(exposition), [&](boost::system::error_code error) {
      outcome = error;
      ++calls;
    });
    EXPECT_EQ(calls, 1);
    return outcome;
  }
  void push(const std::string& client, const std::string& text) {
    EXPECT_FALSE(put(client, text));
    store.connection_ended(ClientId{client});
  }
  Offer offer(const std::string& scraper, View view = View::kConnected) {
    return store.offer(ScraperId{scraper}, view, now);
  }
  static Texts texts(const Offer& offer) {
    Texts out;
    for (const Push& push : offer.pushes) out.push_back(push.exposition->text);
    return out;
  }
  Texts scrape(const std::string& scraper, View view = View::kConnected) {
    const Offer offered = offer(scraper, view);
    store.complete(offered.receipt, now);
    return texts(offered);
  }
  void make_regular(const std::string& scraper) {
    scrape(scraper);
    scrape(scraper);
  }

  PushStore store{Config{3, 100, kPushTtl}, Instant{}};
  Instant now = Instant{} + minutes(6);
};

TEST_F(PushStoreTest, APushIsShownOnlyOnceItsConnectionHasEnded) {
  EXPECT_FALSE(put("c", "a"));
  EXPECT_EQ(scrape("s"), Texts{});
  store.connection_ended(ClientId{"c"});
  EXPECT_EQ(scrape("s"), Texts{"a"});
}

TEST_F(PushStoreTest, PushingAgainOnTheSameConnectionReplacesTheFirst) {
  EXPECT_FALSE(put("c", "a"));
  push("c", "b");
  EXPECT_EQ(scrape("s"), Texts{"b"});
}

TEST_F(PushStoreTest, ALaterConnectionOfTheSameClientIsAnotherPush) {
  push("c", "a");
  push("c", "b");
  EXPECT_EQ(scrape("s"), (Texts{"a", "b"}));
}

TEST_F(PushStoreTest, WhatDoesNotFitAPageIsOnTheNext) {
  const auto scrape_with_room = [this](std::uint64_t pushes) {
    const std::uint64_t bytes = pushes * exposition::Exposition{"aa", {}}.page_bytes();
    const Offer offered = store.offer(ScraperId{"s"}, View::kConnected, now, bytes);
    store.complete(offered.receipt, now);
    return texts(offered);
  };
  push("c", "aa");
  push("d", "bb");
  push("e", "cc");
  EXPECT_EQ(scrape_with_room(2), (Texts{"aa", "bb"}));
  EXPECT_EQ(scrape_with_room(2), Texts{"cc"});
}

TEST_F(PushStoreTest, OneThatFitsNoPageIsShownAlone) {
  push("c", "aaaa");
  push("d", "b");
  const Offer offered = store.offer(ScraperId{"s"}, View::kConnected, now, 1);
  EXPECT_EQ(texts(offered), Texts{"aaaa"});
  store.complete(offered.receipt, now);
  EXPECT_EQ(scrape("s"), Texts{"b"});
}

TEST_F(PushStoreTest, AnAbandonedResponseLeavesItUnshown) {
  push("c", "a");
  store.abandon(offer("s").receipt);
  EXPECT_EQ(scrape("s"), Texts{"a"});
}

TEST_F(PushStoreTest, OverlappingScrapesOfOneScraperDoNotShareAPush) {
  make_regular("other");
  push("c", "a");
  const Offer first = offer("s");
  EXPECT_EQ(scrape("s"), Texts{});
  store.abandon(first.receipt);
  EXPECT_EQ(scrape("s"), Texts{"a"});
  EXPECT_EQ(scrape("s"), Texts{});
}

TEST_F(PushStoreTest, BothOfAnHaPairGetItAndThenItIsReleased) {
  make_regular("a");
  make_regular("b");
  push("c", "x");
  EXPECT_EQ(scrape("a"), Texts{"x"});
  EXPECT_EQ(store.counters().held, 1U);
  EXPECT_EQ(scrape("b"), Texts{"x"});
  EXPECT_EQ(store.counters(), (Counters{0, 0, 1, 0, 1}));
}

TEST_F(PushStoreTest, ACurlStealsNothing) {
  make_regular("prometheus");
  push("c", "x");
  EXPECT_EQ(scrape("curl"), Texts{"x"});
  EXPECT_EQ(scrape("prometheus"), Texts{"x"});
}

TEST_F(PushStoreTest, TheTwoViewsAreTrackedSeparately) {
  make_regular("s");
  push("c", "x");
  EXPECT_EQ(scrape("s", View::kPushes), Texts{"x"});
  EXPECT_EQ(scrape("s", View::kConnected), Texts{"x"});
}

TEST_F(PushStoreTest, AScraperThatWentAwayStopsDelaying) {
  make_regular("gone");
  push("c", "x");
  scrape("curl");
  EXPECT_EQ(store.next_timeout(), now + kRegularWindow);
  store.handle_timeout(now + kRegularWindow);
  EXPECT_EQ(store.counters().released, 1U);
}

TEST_F(PushStoreTest, ItExpiresAtItsTtlAfterTheFirstShowingThoughAScraperLacksIt) {
  make_regular("slow");
  push("c", "x");
  const Offer stuck = offer("slow");
  scrape("a");
  const Instant shown_at = now;
  for (; now < shown_at + kPushTtl; now += minutes(1)) {
    EXPECT_EQ(scrape("slow"), Texts{});
    EXPECT_EQ(store.counters().held, 1U);
  }
  EXPECT_EQ(store.next_timeout(), shown_at + kPushTtl);
  store.handle_timeout(now);
  EXPECT_EQ(store.counters(), (Counters{0, 0, 1, 1, 0}));
  EXPECT_EQ(store.next_timeout(), std::nullopt);
  store.complete(stuck.receipt, now);
}

TEST_F(PushStoreTest, OneNeverShownIsNeverDropped) {
  push("c", "x");
  EXPECT_EQ(store.next_timeout(), std::nullopt);
  now += std::chrono::hours(1000);
  store.handle_timeout(now);
  EXPECT_EQ(scrape("s"), Texts{"x"});
}

TEST_F(PushStoreTest, NothingIsReleasedEarlyInTheFirstMinutesAfterAStart) {
  now = Instant{} + seconds(1);
  push("c", "x");
  scrape("a");
  EXPECT_EQ(store.next_timeout(), Instant{} + kStartGrace);
  EXPECT_EQ(scrape("b"), Texts{"x"});
  store.handle_timeout(Instant{} + kStartGrace);
  EXPECT_EQ(store.counters().released, 1U);
}

TEST_F(PushStoreTest, AFullStoreRefusesAndKeepsWhatItAcknowledged) {
  const std::string first(50, 'a');
  const std::string second(35, 'b');
  push("1", first);
  EXPECT_EQ(put("2", std::string(60, 'b')), PushError::kFull);
  push("2", second);
  EXPECT_FALSE(put("3", "c"));
  EXPECT_EQ(put("4", ""), PushError::kFull);
  EXPECT_EQ(put("3", std::string(40, 'c')), PushError::kFull);
  store.connection_ended(ClientId{"3"});
  EXPECT_EQ(store.counters(), (Counters{3, 50 + 35 + std::string("c").capacity(), 3, 0, 0}));
  EXPECT_EQ(scrape("s"), (Texts{first, second, "c"}));
}

// The index of many short lines is larger than they are.
TEST_F(PushStoreTest, ItsBoundCountsTheIndexToo) {
  auto exposition = std::make_shared<exposition::Exposition>();
  exposition->text = "a";
  exposition->index.samples.resize(100);
  std::optional<boost::system::error_code> outcome;
  store.put(ClientId{"c"}, std::move(exposition), [&](auto error) { outcome = error; });
  EXPECT_EQ(outcome, PushError::kFull);
}

}  // namespace
}  // namespace prometheus_rsocket::push
