// Kills and losses of power at any moment: what was acknowledged is there again, and nothing else
// than what was pushed.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <set>
#include <utility>

#include "stored_pushes.h"

namespace prometheus_rsocket::push {
namespace {

using namespace std::chrono_literals;

struct Ledger {
  std::set<std::string> pushed;
  std::map<std::string, StoredPushes::Answer> answers;
  std::map<std::string, std::multiset<std::string>> shown;  // by scraper, in complete pages
  // Of one scraper: shown since all was last on disk, and in how many lives it ended so.
  std::set<std::string> not_settled;
  std::map<std::string, std::size_t> forgotten;

  [[nodiscard]] std::set<std::string> acknowledged() const {
    std::set<std::string> texts;
    for (const auto& [text, answer] : answers) {
      if (*answer && !**answer) texts.insert(text);
    }
    return texts;
  }
};

enum class Step { kPut, kScrape, kWait, kSettle, kKill, kLosePower };

// All within the grace after each start: nothing is released, so each scraper is owed everything.
TEST(DurableProperty, WhatIsAcknowledgedOutlivesWhateverEndsTheProcess) {
  EXPECT_TRUE(rc::check([] {
    StoredPushes it(*rc::gen::arbitrary<std::uint64_t>());
    Ledger ledger;
    const auto steps = *rc::gen::container<std::vector<Step>>(
        40, rc::gen::weightedElement<Step>({{6, Step::kPut},
                                            {3, Step::kScrape},
                                            {6, Step::kWait},
                                            {2, Step::kSettle},
                                            {1, Step::kKill},
                                            {1, Step::kLosePower}}));
    const auto scrape = [&](const std::string& scraper) {
      for (const std::string& text : it.scrape(scraper)) {
        RC_ASSERT(ledger.pushed.contains(text));
        ledger.shown[scraper].insert(text);
        ledger.not_settled.insert(text);
      }
    };
    for (const Step step : steps) {
      if (step == Step::kPut) {
        const std::string text = gauge("p" + std::to_string(ledger.pushed.size())) +
                                 std::string(*rc::gen::inRange(0, 9000), '\n');
        ledger.pushed.insert(text);
        ledger.answers[text] = it.put(text, text);
        it.store->connection_ended(ClientId{text});
      } else if (step == Step::kScrape) {
        scrape("one");
      } else if (step == Step::kWait) {
        it.world.run_for(std::chrono::microseconds(*rc::gen::inRange(0, 3000)));
      } else if (step == Step::kSettle) {
        it.settle();
        ledger.not_settled.clear();
      } else {
        if (step == Step::kKill) it.kill();
        if (step == Step::kLosePower) it.lose_power();
        for (const std::string& text : std::exchange(ledger.not_settled, {})) {
          ++ledger.forgotten[text];
        }
        it.open();
        RC_ASSERT(!it.failure);
        RC_ASSERT(it.notices.empty());
      }
    }
    it.settle();
    scrape("one");
    scrape("two");
    for (const std::string& text : ledger.acknowledged()) {
      for (const std::string scraper : {"one", "two"}) {
        const std::size_t times = ledger.shown[scraper].count(text);
        RC_ASSERT(times >= 1U);
        RC_ASSERT(times <= 1 + (scraper == "one" ? ledger.forgotten[text] : 0));
      }
    }
  }));
}

}  // namespace
}  // namespace prometheus_rsocket::push
