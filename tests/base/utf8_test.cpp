#include "base/utf8.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::base {
namespace {

TEST(Utf8Sequence, IsAsLongAsItsFirstByteSays) {
  EXPECT_EQ(utf8_sequence_size("a\x80"), 1U);
  EXPECT_EQ(utf8_sequence_size("\xc2\x80z"), 2U);
  EXPECT_EQ(utf8_sequence_size("\xed\x9f\xbfz"), 3U);
  EXPECT_EQ(utf8_sequence_size("\xf4\x8f\xbf\xbfz"), 4U);
}

TEST(Utf8Sequence, ThatIsNotWellFormedIsNone) {
  for (const char* text : {"\x80", "\xc1\xbf", "\xc2", "\xc2z", "\xe0\x9f\xbf", "\xed\xa0\x80",
                           "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"}) {
    EXPECT_EQ(utf8_sequence_size(text), 0U) << text;
  }
}

}  // namespace
}  // namespace prometheus_rsocket::base
