#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "http/exchange.h"

namespace prometheus_rsocket::http {
namespace {

std::string percent_encode(const std::string& text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4U];
    encoded += kDigits[byte & 15U];
  }
  return encoded;
}

TEST(PercentDecode, IsTheInverseOfEncodingEveryByte) {
  EXPECT_TRUE(rc::check([](const std::string& text, bool plus_is_blank) {
    RC_ASSERT(percent_decode(percent_encode(text), plus_is_blank) == text);
  }));
}

TEST(PercentDecode, RefusesABrokenEscape) {
  EXPECT_FALSE(percent_decode("%", false));
  EXPECT_FALSE(percent_decode("abc%4", false));
  EXPECT_FALSE(percent_decode("%4g", false));
  EXPECT_FALSE(percent_decode("%g4", false));
}

TEST(PercentDecode, TakesAPlusForABlankOnlyInAQuery) {
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode("a+b", false), "a+b");
}

TEST(Target, IsTakenInOriginFormAndInAbsoluteForm) {
  for (const char* target : {"/a%20b?x=1&y=2%2B", "http://proxy:8080/a%20b?x=1&y=2%2B",
                             "HTTP://u@[::1]/a%20b?x=1&y=2%2B"}) {
    const auto parsed = parse_target(target);
    ASSERT_TRUE(parsed) << target;
    EXPECT_EQ(parsed->path, "/a b") << target;
    EXPECT_EQ(parsed->query,
              (std::vector<std::pair<std::string, std::string>>{{"x", "1"}, {"y", "2+"}}))
        << target;
  }
  EXPECT_EQ(parse_target("http://proxy")->path, "/");
  EXPECT_EQ(parse_target("http://proxy?scraper=a")->query.size(), 1U);
}

TEST(Target, OfAnotherFormIsNone) {
  for (const char* target :
       {"", "*", "proxy:80", "ftp://proxy/", "http:///a", "a", "/%zz", "/a?%z=1"}) {
    EXPECT_FALSE(parse_target(target)) << target;
  }
}

TEST(Request, FindsTheFirstHeaderAndParameterOfAName) {
  Request request;
  request.headers = {{"accept", "a"}, {"accept", "b"}};
  request.target.query = {{"scraper", ""}, {"scraper", "x"}};
  EXPECT_EQ(request.header("accept"), "a");
  EXPECT_EQ(request.parameter("scraper"), "");
  EXPECT_FALSE(request.header("host"));
  EXPECT_FALSE(request.parameter("other"));
}

}  // namespace
}  // namespace prometheus_rsocket::http
