#include "growth.h"

#include <gtest/gtest.h>

#include <vector>

namespace prometheus_rsocket::soak {
namespace {

constexpr std::uint64_t kLevel = 30'000'000;

std::vector<std::uint64_t> leaking(std::uint64_t bytes_a_round) {
  std::vector<std::uint64_t> values;
  for (std::uint64_t round = 0; round < 500; ++round) {
    values.push_back(kLevel + round * bytes_a_round);
  }
  return values;
}

TEST(Growth, WarmingIsNoGrowth) {
  std::vector<std::uint64_t> values(500, kLevel);
  std::fill_n(values.begin(), 100, kLevel / 2);
  EXPECT_EQ(growth_of(values), (Growth{kLevel, kLevel}));
}

TEST(Growth, AFewPeaksAreNoGrowth) {
  std::vector<std::uint64_t> values(500, kLevel);
  for (std::size_t i = 400; i < 449; ++i) values[i] = 3 * kLevel;
  EXPECT_TRUE(is_flat(growth_of(values), 0, 0));
}

TEST(Growth, WhatIsLostInEachRoundIsGrowth) {
  EXPECT_TRUE(is_flat(growth_of(leaking(0)), 5, 1 << 20));
  EXPECT_FALSE(is_flat(growth_of(leaking(10'000)), 5, 1 << 20));
}

TEST(Growth, TheBoundIsPercentAndSlack) {
  EXPECT_TRUE(is_flat({1000, 1060}, 5, 10));
  EXPECT_FALSE(is_flat({1000, 1061}, 5, 10));
}

}  // namespace
}  // namespace prometheus_rsocket::soak
