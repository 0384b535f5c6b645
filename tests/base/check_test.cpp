#include "base/check.h"

#include <gtest/gtest.h>

TEST(CheckDeathTest, AFailedCheckSaysWhatWhereAndWhy) {
  EXPECT_DEATH(CHECK(1 + 1 == 3, "sums are right"),
               "CHECK failed: 1 \\+ 1 == 3 \\(.*check_test.cpp:[0-9]+\\): sums are right");
}

TEST(Check, AConditionThatHoldsIsPassedOver) { CHECK(1 + 1 == 2, "sums are right"); }
