#include "sim/timeline/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

namespace prometheus_rsocket::sim::timeline {
namespace {

using namespace std::chrono_literals;
using history::Incarnation;
using history::InstanceId;
using history::ProxyId;
using history::ScraperId;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Incarnation kClient{InstanceId{0}, 1};
constexpr ProxyId kProxy{0};
constexpr ScraperId kScraper{0};

// A client, a proxy and a scraper, alive from 0 to 100 s, and what happens meanwhile.
history::History lives_with(std::vector<history::Entry> entries) {
  history::History history;
  history.rules.start = base::Instant(1h);
  const auto at = [&](base::Duration time, history::What what) {
    return history::Entry{history.rules.start + time, std::move(what)};
  };
  history.entries = {at(0s, history::ProxyStarted{kProxy}),
                     at(0s, history::ClientStarted{kClient})};
  for (history::Entry& entry : entries) {
    entry.at = history.rules.start + entry.at.time_since_epoch();
    history.entries.push_back(std::move(entry));
  }
  history.entries.push_back(at(100s, history::ClientEnded{kClient, history::ClientEnd::kLeft}));
  history.entries.push_back(at(100s, history::ProxyEnded{kProxy, history::ProxyEnd::kExited, 0}));
  return history;
}

// The texts that point out `word`, in the order of the drawing: the last is on top.
std::vector<std::string> titles(const std::string& svg) {
  static const std::regex title("<title>[^<]*? ([a-z ]+?) (?:client|proxy|scraper)");
  std::vector<std::string> found;
  for (auto it = std::sregex_iterator(svg.begin(), svg.end(), title); it != std::sregex_iterator();
       ++it) {
    found.push_back((*it)[1]);
  }
  return found;
}

TEST(Timeline, WhatHappensInALifeIsDrawnOverIt) {
  const auto history = lives_with({{base::Instant(10s), history::Connected{kClient}},
                                   {base::Instant(20s), history::DialFailed{kClient}},
                                   {base::Instant(90s), history::Disconnected{kClient}}});
  EXPECT_THAT(titles(draw_svg(history, {})),
              ElementsAre("started", "started", "connected", "dial failed"));
}

TEST(Timeline, TicksAreAtRoundTimes) {
  const std::string svg = draw_svg(lives_with({}), {});
  for (const auto tick : {">0 s<", ">10 s<", ">50 s<", ">100 s<"})
    EXPECT_THAT(svg, HasSubstr(tick));
}

TEST(Timeline, APartOfARunHasItsOwnTicks) {
  const auto history = lives_with({});
  Options options;
  options.from = history.rules.start + 40s;
  options.to = history.rules.start + 41s;
  const std::string svg = draw_svg(history, options);
  EXPECT_THAT(svg, HasSubstr(">40.5 s<"));
  EXPECT_THAT(svg, testing::Not(HasSubstr(">39.")));
}

}  // namespace
}  // namespace prometheus_rsocket::sim::timeline
