// All oracles together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "story.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

using testing::IsEmpty;

// Ten minutes in which a proxy drains and a client pushes, and all goes well.
Story good_run() {
  Story story;
  story.rules.heap_bytes_max = 1000;
  story.rules.idle_events_per_second_max = 10;
  story.at(0s).proxy(0).proxy(1).note(history::Resources{proxy_place(1), 4, 1, 1000});
  story.client(1, 0).client(2, 1).client(3, 1);
  story.at(10s).scrapes(0, {1}, 60s).at(15s).scrapes(1, {2, 3}, 60s);
  story.at(61s).proxy_drains(0).at(70s).scrape(0, {1}).at(71s).disconnects(1);
  story.at(72s).connects(1, 1).proxy_ends(0, history::ProxyEnd::kExited);
  story.at(75s).scrape(1, {1, 2, 3}).at(80s).pushes(3, 1);
  const Lines push = story.lines(3);
  story.at(90s).sample(1).sample(2).page(1, story.lines(1) + story.lines(2) + push);
  story.at(100s).heal().at(105s).scrapes(1, {1, 2}, 9min);
  story.at(9min + 30s).ends(1, history::ClientEnd::kLeft).ends(2, history::ClientEnd::kLeft);
  story.at(10min).note(history::Resources{proxy_place(1), 4, 1, 1500});
  return story.note(history::Ended{5000, 2});
}

TEST(Oracles, FindNothingInAGoodRun) { EXPECT_THAT(judge(good_run().history()), IsEmpty()); }

TEST(Oracles, FindNothingWhereNothingHappened) {
  EXPECT_THAT(judge(history::History{}), IsEmpty());
}

TEST(Oracles, TellWhatTheyFoundInTheOrderOfTime) {
  Story story = good_run();
  story.at(3min).scrape(1, {1});  // without client 2
  story.at(2min).page(1, {}, "torn");
  const auto found = judge(story.history());
  ASSERT_GE(found.size(), 3U);
  EXPECT_TRUE(std::ranges::is_sorted(found, {}, &Violation::at));
  EXPECT_EQ(found.front().oracle, "1-provenance");
  std::ostringstream out;
  out << found.front();
  EXPECT_THAT(out.str(), testing::MatchesRegex("1-provenance at 3720.010000 s: scrape .* torn"));
}

TEST(Oracles, HaveNamesOfTheirOwnAndSayWhatTheyDemand) {
  std::set<std::string_view> names;
  for (const Oracle& oracle : oracles()) {
    EXPECT_TRUE(names.insert(oracle.name).second) << oracle.name;
    EXPECT_FALSE(oracle.rule.empty());
    EXPECT_EQ(oracle.liveness, oracle.name.starts_with("L"));
    EXPECT_EQ(&oracle_named(oracle.name), &oracle);
  }
  EXPECT_EQ(names.size(), 23U);
}

}  // namespace
}  // namespace prometheus_rsocket::sim::oracle
