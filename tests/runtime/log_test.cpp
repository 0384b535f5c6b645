#include "runtime/log.h"

#include <gtest/gtest.h>

namespace prometheus_rsocket::runtime {
namespace {

std::string line_with(std::string value) {
  const LogField field{"client", std::move(value)};
  return format_logfmt("m", std::span(&field, 1));
}

TEST(Logfmt, PlainValuesStandBare) {
  const LogField fields[] = {{"kind", "tcp"}, {"address", "127.0.0.1:43210"}};
  EXPECT_EQ(format_logfmt("listening", fields),
            R"(msg="listening" kind=tcp address=127.0.0.1:43210)");
}

TEST(Logfmt, APeersTextCannotForgeAFieldOrALine) {
  EXPECT_EQ(line_with("a level=error"), R"(msg="m" client="a level=error")");
  EXPECT_EQ(line_with("a\nb\"c\\\r"), R"(msg="m" client="a\nb\"c\\\x0d")");
  EXPECT_EQ(line_with(""), R"(msg="m" client="")");
}

TEST(Logfmt, WhatIsNoUtf8IsShownAsBytes) {
  EXPECT_EQ(line_with("\xFF\xC3"), R"(msg="m" client="\xff\xc3")");
  EXPECT_EQ(line_with("\xED\xA0\x80"), R"(msg="m" client="\xed\xa0\x80")") << "a surrogate";
  EXPECT_EQ(line_with("caf\xC3\xA9"), "msg=\"m\" client=\"caf\xC3\xA9\"");
}

TEST(Logfmt, WhatATerminalObeysBeyondAsciiIsShownAsBytes) {
  EXPECT_EQ(line_with("\xC2\x9B"
                      "2J"),
            R"(msg="m" client="\xc2\x9b2J")")
      << "CSI, of C1";
  EXPECT_EQ(line_with("\xC2\xA0"), "msg=\"m\" client=\"\xC2\xA0\"") << "just behind C1";
  EXPECT_EQ(line_with("\xE2\x80\xAE"), R"(msg="m" client="\xe2\x80\xae")") << "right to left";
  EXPECT_EQ(line_with("\xE2\x81\xA6"), R"(msg="m" client="\xe2\x81\xa6")") << "an isolate";
  EXPECT_EQ(line_with("\xE2\x80\x8F"), R"(msg="m" client="\xe2\x80\x8f")") << "a mark";
  EXPECT_EQ(line_with("\xD8\x9C"), R"(msg="m" client="\xd8\x9c")") << "the Arabic letter mark";
  EXPECT_EQ(line_with("\xE2\x80\xA8"), R"(msg="m" client="\xe2\x80\xa8")") << "a line separator";
  EXPECT_EQ(line_with("\xE2\x80\xA6"), "msg=\"m\" client=\"\xE2\x80\xA6\"") << "an ellipsis";
}

TEST(Logfmt, ALongTextIsCutBetweenCharacters) {
  const std::string fits(kLogValueBytesMax, 'a');
  EXPECT_EQ(line_with(fits), "msg=\"m\" client=" + fits);
  EXPECT_EQ(line_with(fits + "b"), "msg=\"m\" client=" + fits + "…");
  const std::string start(kLogValueBytesMax - 1, 'a');
  EXPECT_EQ(line_with(start + "\xC3\xA9"), "msg=\"m\" client=" + start + "…");
}

}  // namespace
}  // namespace prometheus_rsocket::runtime
