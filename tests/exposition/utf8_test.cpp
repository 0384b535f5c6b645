#include <gtest/gtest.h>

#include <string>

#include "exposition/lexical.h"

namespace prometheus_rsocket::exposition {
namespace {

TEST(Utf8, TheFirstAndTheLastOfEveryLengthAreAccepted) {
  for (const char* text :
       {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
    EXPECT_TRUE(is_utf8("eight ch" + std::string(text) + "and eight more")) << text;
  }
}

TEST(Utf8, OverlongSurrogateTooHighAndCutFormsAreRefused) {
  for (const char* text :
       {"\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xC2", "\xE1\x80", "\xF1\x80\x80", "\xE1\x80\x41", "\xFF"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
    EXPECT_FALSE(is_utf8("eight ch" + std::string(text) + "and eight more")) << text;
  }
}

}  // namespace
}  // namespace prometheus_rsocket::exposition
