#include "runtime/random.h"

#include <gtest/gtest.h>

#include <vector>

namespace prometheus_rsocket::runtime {
namespace {

// Gives prepared 64-bit draws, most significant byte first.
class ScriptedRandom final : public Random {
 public:
  explicit ScriptedRandom(std::vector<std::uint64_t> draws) : draws_(std::move(draws)) {}

  void fill(std::span<std::byte> bytes) override {
    const std::uint64_t draw = draws_.at(next_++);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<std::byte>(draw >> (8 * (bytes.size() - 1 - i)));
    }
  }
  [[nodiscard]] std::size_t draws_taken() const { return next_; }

 private:
  std::vector<std::uint64_t> draws_;
  std::size_t next_ = 0;
};

TEST(Random, ADrawThatWouldFavourSmallNumbersIsDrawnAgain) {
  ScriptedRandom random({~std::uint64_t{0}, 8});
  EXPECT_EQ(random.below(3), 2U) << "2^64-1 is a multiple of 3, so one draw too many is left over";
  EXPECT_EQ(random.draws_taken(), 2U);
}

TEST(Random, APowerOfTwoNeedsOneDraw) {
  ScriptedRandom random({~std::uint64_t{0}});
  EXPECT_EQ(random.below(16), 15U);
}

TEST(Random, ADistanceReachesBothEnds) {
  ScriptedRandom random({0, 5});
  EXPECT_EQ(random.up_to(base::Duration(5)), base::Duration(0));
  EXPECT_EQ(random.up_to(base::Duration(5)), base::Duration(5));
}

TEST(RandomDeathTest, AnEmptyRangeIsABug) {
  ScriptedRandom random({0});
  EXPECT_DEATH((void)random.below(0), "empty range");
}

}  // namespace
}  // namespace prometheus_rsocket::runtime
