#include "support/client_text.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exposition/scan.h"

namespace prometheus_rsocket::bench {
namespace {

// Each sample's line, as what stands before its value and the value.
std::vector<std::pair<std::string, std::string>> samples_of(const ClientText& text) {
  const auto index = exposition::scan(text.text(), {});
  EXPECT_TRUE(index);
  std::vector<std::pair<std::string, std::string>> samples;
  for (const auto& sample : index->samples) {
    const std::string line(sample.line(text.text()));
    const std::size_t blank = line.rfind(' ');
    samples.emplace_back(line.substr(0, blank), line.substr(blank + 1));
  }
  return samples;
}

TEST(ClientText, HasAsManySamplesAsWanted) {
  EXPECT_EQ(samples_of(ClientText(0, 1)).size(), 1U);
  EXPECT_EQ(samples_of(ClientText(7, 1'003)).size(), 1'003U);
}

TEST(ClientText, NoTwoSeriesAreTheSame) {
  std::set<std::string> series;
  for (const std::size_t client : {0, 1, 999, 17'999}) {
    for (const auto& [name, value] : samples_of(ClientText(client, 100))) series.insert(name);
  }
  EXPECT_EQ(series.size(), 400U);
}

TEST(ClientText, ASampleTakesAboutFiftyBytes) {
  const ClientText text(999, 1'000);
  EXPECT_GT(text.text().size(), 49'000U);
  EXPECT_LT(text.text().size(), 53'000U);
}

TEST(ClientText, EveryOtherValueIsAnotherAScrapeLater) {
  ClientText text(3, 1'000);
  const auto before = samples_of(text);
  text.advance();
  const auto after = samples_of(text);
  ASSERT_EQ(after.size(), before.size());
  std::size_t changed = 0;
  std::size_t resized = 0;
  EXPECT_EQ(before[0].second, "0.0");
  EXPECT_EQ(after[0].second, "1.0");
  for (std::size_t i = 1; i < after.size(); ++i) {
    EXPECT_EQ(after[i].first, before[i].first);
    if (i % 2 == 0) {
      EXPECT_EQ(after[i].second, before[i].second);
    }
    changed += after[i].second != before[i].second ? 1 : 0;
    resized += after[i].second.size() != before[i].second.size() ? 1 : 0;
  }
  EXPECT_GT(changed, 480U);  // a number of one digit may be drawn twice
  EXPECT_GT(resized, 300U);
}

// Two clients with two series each, at their first scrape.
std::string page_of(std::string_view first_scrapes, std::string_view last_series) {
  return "# TYPE load_scrapes gauge\nload_scrapes{app=\"1\",} " + std::string(first_scrapes) +
         "\nload_scrapes{app=\"2\",} 1.0\n# TYPE a gauge\na{app=\"1\"} 5\n" +
         std::string(last_series) + "\n";
}

TEST(FaultOfPage, NothingIsWrongWithAWholePage) {
  EXPECT_EQ(fault_of_page(page_of("1.0", "a{app=\"2\"} 5"), 2, 4, 1), "");
}

TEST(FaultOfPage, AStaleAMissingAndADoubleSeriesAreTold) {
  EXPECT_EQ(fault_of_page(page_of("0.0", "a{app=\"2\"} 5"), 2, 4, 1),
            "not of scrape 1.0: load_scrapes{app=\"1\",} 0.0");
  EXPECT_EQ(fault_of_page(page_of("1.0", "# no more"), 2, 4, 1),
            "3 samples of 2 clients, not 4 of 2");
  EXPECT_EQ(fault_of_page(page_of("1.0", "a{app=\"1\"} 6"), 2, 4, 1), "a series is there twice");
  EXPECT_EQ(fault_of_page(page_of("1.0", ""), 2, 4, 1), "this is no sample: ");
}

}  // namespace
}  // namespace prometheus_rsocket::bench
