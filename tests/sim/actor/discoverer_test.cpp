#include "sim/actor/discoverer.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "actor_world.h"

namespace prometheus_rsocket::sim::actor {
namespace {

using history::List;
using history::ListRead;
using history::Page;
using history::View;

struct DiscoveringWorld : ActorWorld {
  DiscoveringWorld() { start_proxy(); }

  Discoverer& add_discoverer(base::Duration refresh = 10s) {
    Process& process = world.add_process(new_address());
    return process.emplace<Discoverer>(
        process, recorder, scraper_config(5), 15s, refresh,
        [](const Address&) { return std::optional<history::Place>(); }, world.seed());
  }

  // Answers since then for a page, by status.
  [[nodiscard]] std::vector<int> statuses(const Page& page) const {
    std::vector<int> found;
    for (const auto& began : all<history::ScrapeBegan>()) {
      if (began.page != page) continue;
      for (const auto& ended : all<history::ScrapeEnded>()) {
        if (ended.scrape == began.scrape) found.push_back(ended.status);
      }
    }
    return found;
  }
};

const Page kFirst{View::kClient, history::InstanceId{0}};

TEST(Discoverer, ScrapesEachClientAndThePushesByThemselves) {
  DiscoveringWorld it;
  it.add_client();
  it.add_client(transport::TransportKind::kWebSocket);
  const Discoverer& discoverer = it.add_discoverer();
  it.world.run_for(40s);
  EXPECT_EQ(discoverer.targets(), 3U);
  EXPECT_THAT(it.statuses(kFirst), testing::Each(200));
  EXPECT_FALSE(it.statuses(kFirst).empty());
  EXPECT_FALSE(it.statuses({View::kClient, history::InstanceId{1}}).empty());
  EXPECT_FALSE(it.statuses({View::kPushes}).empty());
  for (const auto& ended : it.all<history::ScrapeEnded>()) EXPECT_EQ(ended.trouble, "");
}

TEST(Discoverer, NotesBothListsAsTheyAre) {
  DiscoveringWorld it;
  it.add_client();
  it.add_discoverer();
  it.world.run_for(15s);
  const auto read = it.all<ListRead>();
  for (const List list : {List::kTargets, List::kTable}) {
    const auto found = std::ranges::find(read, list, &ListRead::list);
    ASSERT_NE(found, read.end());
    EXPECT_EQ(found->status, 200);
    EXPECT_EQ(found->trouble, "");
    ASSERT_EQ(found->clients.size(), 1U);
    EXPECT_EQ(found->clients[0].name, history::InstanceId{0});
    EXPECT_EQ(found->has_pushes, list == List::kTargets);
  }
}

TEST(Discoverer, ATargetThatIsListedNoMoreIsScrapedNoMore) {
  DiscoveringWorld it;
  OurClient& client = it.add_client();
  const Discoverer& discoverer = it.add_discoverer();
  it.world.run_for(20s);
  client.push(PushKind::kAcknowledged);
  ASSERT_TRUE(it.run_until_next<history::ClientEnded>());
  it.world.run_for(20s);
  EXPECT_EQ(discoverer.targets(), 1U);
  const auto before = it.statuses(kFirst).size();
  it.world.run_for(1min);
  EXPECT_EQ(it.statuses(kFirst).size(), before);
}

TEST(Discoverer, OneThatVanishedIsDownUntilItsGrace) {
  DiscoveringWorld it;
  it.add_client().kill();
  it.add_client().kill();
  const Discoverer& discoverer = it.add_discoverer();
  it.world.run_for(1min);
  EXPECT_EQ(discoverer.targets(), 3U);
  EXPECT_THAT(it.statuses(kFirst), testing::Each(504));
  it.world.run_for(5min);
  EXPECT_EQ(discoverer.targets(), 1U);
}

TEST(Discoverer, KeepsItsTargetsWhileTheListCannotBeRead) {
  DiscoveringWorld it;
  it.add_client();
  const Discoverer& discoverer = it.add_discoverer();
  it.world.run_for(20s);
  it.proxy.kill();
  it.world.run_for(1min);
  EXPECT_EQ(discoverer.targets(), 2U);
}

TEST(Discoverer, HungAndGarbledClientsAreTold) {
  DiscoveringWorld it;
  OurClient& client = it.add_client();
  it.add_discoverer();
  client.garble();
  it.world.run_for(40s);
  EXPECT_THAT(it.statuses(kFirst), testing::Each(502));
  client.mend();
  client.hang();
  it.world.run_for(1s);
  const auto before = it.statuses(kFirst).size();
  it.world.run_for(1min);
  const auto all = it.statuses(kFirst);
  EXPECT_THAT(std::vector(all.begin() + static_cast<std::ptrdiff_t>(before), all.end()),
              testing::Each(504));
}

TEST(Discoverer, OneThatStoppedAsksForNothingMore) {
  DiscoveringWorld it;
  it.add_client();
  Discoverer& discoverer = it.add_discoverer();
  it.world.run_for(30s);
  discoverer.stop();
  it.world.run_for(30s);
  EXPECT_EQ(it.world.open_connections(), 1U);  // the client's
  const std::size_t entries = it.recorder.history().entries.size();
  it.world.run_for(2min);
  EXPECT_EQ(it.recorder.history().entries.size(), entries);
}

}  // namespace
}  // namespace prometheus_rsocket::sim::actor
