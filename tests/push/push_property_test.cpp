// Any order of pushes, overlapping scrapes, aborts and waits: while held, every acknowledged push
// reaches each regular scraper, and none is in two complete responses to one scraper.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <set>

#include "push/push_store.h"

namespace prometheus_rsocket::push {
namespace {

TEST(PushProperty, AcknowledgedIsShownToEachScraperAndNeverTwice) {
  EXPECT_TRUE(rc::check([] {
    base::Instant now = base::Instant{} + kStartGrace;
    PushStore store(Config{}, base::Instant{});
    const std::vector<std::string> names{"a", "b", "c"};
    std::map<std::string, std::multiset<std::string>> complete;
    std::vector<std::pair<std::string, Offer>> open;
    std::set<std::string> acknowledged;
    const auto finish = [&](std::size_t i, bool whole) {
      auto [name, offer] = open[i];
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
      if (!whole) return store.abandon(offer.receipt);
      for (const Push& push : offer.pushes) complete[name].insert(push.exposition->text);
      store.complete(offer.receipt, now);
    };
    const auto begin = [&](const std::string& name) {
      open.emplace_back(name, store.offer(ScraperId{name}, View::kConnected, now));
    };
    for (int round = 0; round < 2; ++round) {
      for (const auto& name : names) {  // all become regular
        begin(name);
        finish(open.size() - 1, true);
      }
    }
    // All within kRegularWindow, so that all three go on delaying.
    for (const int step : *rc::gen::container<std::vector<int>>(60, rc::gen::inRange(0, 12))) {
      now += std::chrono::seconds(1);
      if (step < 3) {
        const std::string text = "p" + std::to_string(acknowledged.size());
        auto exposition = std::make_shared<exposition::Exposition>();
        exposition->text = text;
        store.put(ClientId{text}, std::move(exposition), [&](auto error) {
          if (!error) acknowledged.insert(text);
        });
        store.connection_ended(ClientId{text});
      } else if (step < 8) {
        begin(names[static_cast<std::size_t>(step) % names.size()]);
      } else if (!open.empty()) {
        finish(static_cast<std::size_t>(step) % open.size(), step != 11);
      }
    }
    while (!open.empty()) finish(0, false);
    for (const auto& name : names) {
      begin(name);
      finish(0, true);
    }
    for (const auto& name : names) {
      RC_ASSERT(complete[name] ==
                std::multiset<std::string>(acknowledged.begin(), acknowledged.end()));
    }
    RC_ASSERT(store.counters().held == 0U);
    RC_ASSERT(store.counters().released == acknowledged.size());
  }));
}

}  // namespace
}  // namespace prometheus_rsocket::push
