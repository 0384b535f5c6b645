#include "sim/machine/heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace prometheus_rsocket::sim::machine {
namespace {

struct Block {
  char bytes[96];
};

// Whether each of some blocks, freed and allocated at random before, is behind the one before.
std::vector<bool> order_of_addresses(std::uint64_t salt) {
  set_heap_salt(salt);
  std::vector<std::unique_ptr<Block>> blocks(200);
  for (auto& block : blocks) block = std::make_unique<Block>();
  std::vector<bool> rising;
  for (std::size_t i = 1; i < blocks.size(); ++i) {
    rising.push_back(std::less<>()(blocks[i - 1].get(), blocks[i].get()));
  }
  set_heap_salt(0);
  return rising;
}

TEST(Heap, KnowsHowMuchLives) {
  const std::uint64_t before = heap_bytes();
  auto large = std::make_unique<std::vector<char>>(100'000);
  EXPECT_GE(heap_bytes(), before + 100'000);
  EXPECT_LT(heap_bytes(), before + 110'000);
  large.reset();
  EXPECT_EQ(heap_bytes(), before);
}

TEST(Heap, ASaltShufflesTheOrderOfAddresses) {
  const auto salted = order_of_addresses(1);
  EXPECT_NE(salted, order_of_addresses(2));
  const auto falling = std::ranges::count(salted, false);
  EXPECT_GT(falling, 40);
  EXPECT_LT(falling, 160);
}

TEST(Heap, EverySizeCanBeAllocatedAndFreedWithASalt) {
  set_heap_salt(7);
  for (std::size_t bytes = 0; bytes < 10'000; bytes += 7) {
    std::vector<char> block(bytes, 'x');
    EXPECT_EQ(std::ranges::count(block, 'x'), static_cast<std::ptrdiff_t>(bytes));
  }
  set_heap_salt(0);
}

}  // namespace
}  // namespace prometheus_rsocket::sim::machine
