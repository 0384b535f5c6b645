#include "proxy/surplus.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::proxy {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

// What is given back in so many looks that find this.
std::size_t look(Surplus& surplus, std::size_t looks, std::size_t used, std::size_t& free) {
  std::size_t given_back = 0;
  for (std::size_t i = 0; i < looks; ++i) {
    const std::size_t portion = surplus.look(used, free);
    EXPECT_LE(portion, Surplus::kPortionBytes);
    free -= portion;
    given_back += portion;
  }
  return given_back;
}

TEST(Surplus, WhatABurstHasLeftIsGivenBackWithinAMinute) {
  Surplus surplus;
  std::size_t free = 1400 * kMiB;
  EXPECT_EQ(look(surplus, Surplus::kLooks - 1, 10 * kMiB, free), 0U) << "it may be wanted again";
  look(surplus, 60 - Surplus::kLooks, 10 * kMiB, free);
  EXPECT_EQ(free, Surplus::kFreeBytesMin);
}

TEST(Surplus, WhatEachScrapeTakesAndFreesStays) {
  Surplus surplus;
  for (int scrape = 0; scrape < 100; ++scrape) {
    std::size_t free = 10 * kMiB;
    EXPECT_EQ(look(surplus, 1, 190 * kMiB, free), 0U);
    free = 100 * kMiB;
    EXPECT_EQ(look(surplus, Surplus::kLooks - 2, 100 * kMiB, free), 0U);
  }
}

// Clients scraped so rarely that all looks find what a scrape has freed.
TEST(Surplus, AsMuchAsIsInUseMayBeFreeForEver) {
  Surplus surplus;
  std::size_t free = 100 * kMiB;
  EXPECT_EQ(look(surplus, 1000, 100 * kMiB, free), 0U);
}

TEST(Surplus, WhatIsUsedAgainWithinTheTimeStays) {
  Surplus surplus;
  std::size_t free = 500 * kMiB;
  EXPECT_EQ(look(surplus, Surplus::kLooks - 1, 0, free), 0U);
  std::size_t none = 0;
  EXPECT_EQ(look(surplus, 1, 500 * kMiB, none), 0U);
  EXPECT_EQ(look(surplus, Surplus::kLooks - 1, 0, free), 0U);
}

}  // namespace
}  // namespace prometheus_rsocket::proxy
