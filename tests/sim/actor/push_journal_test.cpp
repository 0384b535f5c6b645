#include "sim/actor/push_journal.h"

#include <gtest/gtest.h>

#include "push/push_store.h"
#include "sim/world.h"

namespace prometheus_rsocket::sim::actor {
namespace {

using namespace std::chrono_literals;
using push::ClientId;
using Texts = std::vector<std::string>;

// A store on both journals.
struct StoreWorld {
  explicit StoreWorld(base::Duration delay_max, std::size_t pushes_max = 10)
      : process(world.add_process(ip("10.0.0.1"))),
        store(
            process.emplace<push::PushStore>(push::Config{pushes_max, 1000, 10min}, world.now())) {
    store.restore({},
                  std::make_unique<TellingJournal>(
                      std::make_unique<DelayingJournal>(process.shard(0), delay_max, Draws(1, 1)),
                      [this](std::string_view text) { told.emplace_back(text); }));
  }

  void put(const std::string& client, std::string text) {
    store.put(ClientId{client},
              std::make_shared<exposition::Exposition>(exposition::Exposition{std::move(text), {}}),
              [this](boost::system::error_code error) { answers.push_back(error); });
  }
  Texts shown() {
    const auto offer = store.offer(push::ScraperId{"a"}, push::View::kConnected, world.now());
    store.abandon(offer.receipt);
    Texts texts;
    for (const auto& push : offer.pushes) texts.push_back(push.exposition->text);
    return texts;
  }

  World world{1};
  Process& process;
  Texts told;
  std::vector<boost::system::error_code> answers;
  push::PushStore& store;
};

TEST(PushJournal, WithoutADelayAPushIsStoredAtOnce) {
  StoreWorld it(0s);
  it.put("1", "one");
  EXPECT_EQ(it.told, Texts{"one"});
  EXPECT_EQ(it.answers.size(), 1U);
}

TEST(PushJournal, APushIsAnsweredWhenItIsStoredAndNotBefore) {
  StoreWorld it(1s);
  it.put("1", "one");
  EXPECT_TRUE(it.answers.empty());
  EXPECT_EQ(it.store.counters().held, 0U);
  it.world.run_for(1s);
  EXPECT_EQ(it.told, Texts{"one"});
  EXPECT_EQ(it.answers.size(), 1U);
  EXPECT_EQ(it.store.counters().held, 1U);
}

TEST(PushJournal, TheEndOfAConnectionTakesEffectAfterItsPut) {
  StoreWorld it(1s);
  it.put("1", "one");
  it.store.connection_ended(ClientId{"1"});
  EXPECT_EQ(it.shown(), Texts{});
  it.world.run_for(1s);
  EXPECT_EQ(it.shown(), Texts{"one"});
}

TEST(PushJournal, PutsOfOneConnectionKeepTheirOrder) {
  for (int i = 0; i < 50; ++i) {
    StoreWorld it(1s, 100);
    for (int skip = 0; skip < i; ++skip) it.put("other", "x");  // other draws
    it.put("1", "old");
    it.put("1", "new");
    it.store.connection_ended(ClientId{"1"});
    it.world.run_for(1min);
    EXPECT_EQ(it.shown(), Texts{"new"});
  }
}

TEST(PushJournal, WhatIsRefusedIsNotStored) {
  StoreWorld it(1s, 0);
  it.put("1", "one");
  it.world.run_for(1s);
  EXPECT_TRUE(it.told.empty());
  ASSERT_EQ(it.answers.size(), 1U);
  EXPECT_EQ(it.answers[0], push::PushError::kFull);
}

TEST(PushJournal, WhatWasUnderWayAtTheEndOfTheProcessIsForgotten) {
  StoreWorld it(1s);
  it.put("1", "one");
  it.world.kill(it.process);
  it.world.run_for(2s);
  EXPECT_TRUE(it.told.empty());
  EXPECT_TRUE(it.answers.empty());
}

}  // namespace
}  // namespace prometheus_rsocket::sim::actor
