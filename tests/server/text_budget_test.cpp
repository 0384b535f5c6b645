#include "server/text_budget.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace prometheus_rsocket::server {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

exposition::Exposition of_size(std::size_t bytes) { return {std::string(bytes, '\n'), {}}; }

TEST(TextBudget, CountsATextForAsLongAsItIsHeld) {
  const auto budget = std::make_shared<TextBudget>(64 * kMiB);
  auto held = budget->hold(of_size(3 * kMiB));
  EXPECT_EQ(held->text.size(), 3 * kMiB);
  EXPECT_EQ(budget->used(), held->bytes());
  const auto also = held;
  held.reset();
  EXPECT_EQ(budget->used(), also->bytes());
}

TEST(TextBudget, IsGivenBackWhenItIsNoMoreShared) {
  const auto budget = std::make_shared<TextBudget>(64 * kMiB);
  { const auto held = budget->hold(of_size(kMiB)); }
  EXPECT_EQ(budget->used(), 0U);
}

TEST(TextBudget, LeavesRoomForTheSmallHoweverManyTakeAllTheyMay) {
  const auto budget = std::make_shared<TextBudget>(64 * kMiB);
  std::vector<std::shared_ptr<const exposition::Exposition>> held;
  for (int i = 0; i < 100; ++i) {
    EXPECT_GE(budget->allowance(), kSmallTextBytes);
    if (budget->allowance() == kSmallTextBytes) break;
    held.push_back(budget->hold(of_size(budget->allowance())));
  }
  EXPECT_LT(held.size(), 10U);
  EXPECT_LE(budget->used(), 64 * kMiB);
}

// What is let in has room in any order, and small ones beside.
TEST(TextBudget, WhatHasRoomIsAllowedInWhateverOrderItComes) {
  for (const std::uint64_t largest : {2 * kMiB, 10 * kMiB, 40 * kMiB}) {
    for (const std::size_t at : {0U, 3U, 6U}) {
      const auto budget = std::make_shared<TextBudget>(64 * kMiB);
      std::vector<std::uint64_t> texts(6, 2 * kMiB);
      texts.insert(texts.begin() + static_cast<std::ptrdiff_t>(at), largest);
      ASSERT_TRUE(budget->has_room(12 * kMiB + largest, largest));
      std::vector<std::shared_ptr<const exposition::Exposition>> held;
      for (const std::uint64_t bytes : texts) {
        EXPECT_LE(bytes, budget->allowance()) << largest << " " << at;
        held.push_back(budget->hold(of_size(bytes)));
      }
    }
  }
}

TEST(TextBudget, OutlivesItsOwnerWithTheTexts) {
  auto budget = std::make_shared<TextBudget>(64 * kMiB);
  const auto held = budget->hold(of_size(kMiB));
  budget.reset();
  EXPECT_EQ(held->text.size(), kMiB);
}

}  // namespace
}  // namespace prometheus_rsocket::server
