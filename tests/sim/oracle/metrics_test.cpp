#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "story.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

using history::ClientEnd;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Said {
  double connections = 1;
  double in_shards = 1;
  double acknowledged = 1;
  double held = 1;
  double released = 0;
  double pulls = 1;
};

history::MetricsRead read(const Said& said) {
  return {ProxyId{0},
          {{"prometheus_proxy_scrape_active_connections", said.connections},
           {"prometheus_proxy_shard_connections{shard=\"0\"}", said.in_shards},
           {"prometheus_proxy_shard_connections{shard=\"1\"}", 0},
           {"prometheus_proxy_pushes_acknowledged_total", said.acknowledged},
           {"prometheus_proxy_pushes_held", said.held},
           {"prometheus_proxy_pushes_expired_total", 0},
           {"prometheus_proxy_pushes_released_total", said.released},
           {"prometheus_proxy_scrape_seconds_count{outcome=\"success\",exception=\"none\"}",
            said.pulls}}};
}

// Client 1 stays, client 2 pushed and left; the page of 60 s shows client 1.
Story quiet() {
  Story story;
  story.at(0s).proxy(0).client(1).client(2).at(50s).pushes(2).at(60s).scrape(0, {1});
  story.at(10min).note(history::Ended{});
  return story;
}

std::vector<std::string> judged(const Said& said) {
  return quiet().at(2min).note(read(said)).judged("13-metrics");
}

TEST(Metrics, TrueOnesAreFine) {
  EXPECT_THAT(judged({}), IsEmpty());
  EXPECT_THAT(judged({.held = 0, .released = 1}), IsEmpty());
}

TEST(Metrics, AWrongNumberOfConnectionsIsFound) {
  EXPECT_THAT(judged({.connections = 2}),
              ElementsAre("120000 ms: proxy 0 says that prometheus_proxy_scrape_active_connections "
                          "is 2, and it is from 1 to 1"));
  EXPECT_THAT(judged({.connections = 0}), ElementsAre(HasSubstr("active_connections is 0")));
  EXPECT_THAT(judged({.in_shards = 2}), ElementsAre(HasSubstr("shard_connections is 2")));
}

TEST(Metrics, AWrongNumberOfPushesIsFound) {
  EXPECT_THAT(judged({.acknowledged = 2}),
              ElementsAre(HasSubstr("pushes_acknowledged_total is 2, and it is from 1 to 1")));
  EXPECT_THAT(judged({.held = 0}),
              ElementsAre(HasSubstr("pushes held, expired and released is 0, and it is from 1")));
}

TEST(Metrics, FewerPullsThanPagesShowAreFound) {
  EXPECT_THAT(judged({.pulls = 0}), ElementsAre(HasSubstr("scrape_seconds is 0")));
  EXPECT_THAT(judged({.pulls = 7}), IsEmpty());
}

TEST(Metrics, OneThatIsMissingIsFound) {
  auto short_of_one = read({});
  short_of_one.values.erase("prometheus_proxy_pushes_acknowledged_total");
  EXPECT_THAT(quiet().at(2min).note(short_of_one).judged("13-metrics"),
              testing::Contains(HasSubstr("says nothing of "
                                          "prometheus_proxy_pushes_acknowledged_total")));
}

TEST(Metrics, AConnectionThatMayBeGoneMayBeCountedOrNot) {
  for (const double connections : {0.0, 1.0}) {
    Story story = quiet();
    story.at(110s).ends(1, ClientEnd::kLost).at(2min);
    story.note(read({.connections = connections, .in_shards = connections}));
    EXPECT_THAT(story.judged("13-metrics"), IsEmpty());
  }
}

TEST(Metrics, AConnectionThatIsGoneForSureIsNotCounted) {
  Story story = quiet();
  story.at(90s).ends(1, ClientEnd::kLost).at(2min).note(read({}));
  EXPECT_THAT(story.judged("13-metrics"),
              ElementsAre(HasSubstr("is 1, and it is from 0 to 0"), HasSubstr("")));
}

}  // namespace
}  // namespace prometheus_rsocket::sim::oracle
