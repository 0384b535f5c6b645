#include "base/ascii.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::base {
namespace {

TEST(Ascii, LettersAloneHaveALowerCase) {
  EXPECT_EQ(to_lower("AZ az 09 @[`{ \xC3\x84"), "az az 09 @[`{ \xC3\x84");
}

}  // namespace
}  // namespace prometheus_rsocket::base
